// Lines of what frameworks have.
import { expect, it } from "vitest";
import { linesOfParts } from "./frameworks.js";

it("keeps the order of frameworks that have a part, and names those that have none together, last", () => {
  const parts = { A: "no ready part", B: "a mod", C: "no ready part; a function helps", D: "no ready part" };
  expect(linesOfParts(parts)).toEqual([
    ["B", "a mod"],
    ["C", "no ready part; a function helps"],
    ["A, D", "no ready part"],
  ]);
  expect(linesOfParts({ B: "a mod" })).toEqual([["B", "a mod"]]);
  expect(linesOfParts({})).toEqual([]);
});

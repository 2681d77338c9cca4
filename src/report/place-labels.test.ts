import { expect, it } from "vitest";
import { placeLabels } from "./place-labels.js";

it("labels at one place are stacked, those far apart stay, whichever way they run", () => {
  const label = (text: string, x: number, y: number, end = false) => ({ text, x, y, end });
  const placed = placeLabels(
    [label("a", 10, 20), label("b", 12, 20), label("c", 400, 20), label("d", 10, 40), label("e", 395, 22, true)],
    100,
  );
  expect(placed.map(({ text, x, y }) => [text, x, y])).toEqual([
    ["a", 10, 20],
    ["b", 12, 35],
    ["c", 400, 20],
    ["d", 10, 50],
    ["e", 395, 22],
  ]);
});

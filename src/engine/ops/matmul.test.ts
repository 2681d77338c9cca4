import { describe, expect, it } from "vitest";
import { testOpCases } from "../../../test/op-cases.js";
import { createGraph, GraphError } from "../graph.js";
import { matmul, swapLast } from "./matmul.js";

testOpCases("matmul", {
  matmul: ([a, b], flip: { a: boolean; b: boolean }) => matmul(a!, b!, flip),
  swapLast: ([x]) => swapLast(x!),
});

describe("matmul", () => {
  const graph = createGraph();
  const of = (...shape: number[]) => graph.input(shape.join("x"), shape);

  it("refuses factors that do not fit, with the flips it was given", () => {
    expect(() => matmul(of(2, 3), of(4, 5))).toThrow(GraphError);
    expect(() => matmul(of(2, 3), of(3, 5), { a: true })).toThrow("matmul: [2,3]ᵀ and [3,5] do not fit");
    expect(() => matmul(of(2, 2, 3), of(1, 3, 5))).toThrow(GraphError);
    expect(() => matmul(of(2, 2, 3), of(3, 5))).toThrow(GraphError);
    expect(() => matmul(of(3), of(3))).toThrow(GraphError);
  });
});

import { describe, expect, it } from "vitest";
import { testOpCases } from "../../../test/op-cases.js";
import { createGraph, GraphError, type Node, scalarValue } from "../graph.js";
import * as E from "./elementwise.js";
import { broadcastTo } from "./reduce.js";

const unary = (op: (x: Node) => Node) => (inputs: readonly Node[]) => op(inputs[0]!);
const binary = (op: (a: Node, b: Node) => Node) => (inputs: readonly Node[]) => op(inputs[0]!, inputs[1]!);
const timesItself = (op: (x: Node) => Node) => unary((x) => E.mul(x, op(x)));

testOpCases("elementwise", {
  add: binary(E.add),
  sub: binary(E.sub),
  mul: binary(E.mul),
  div: binary(E.div),
  scale: ([x], { factor }: { factor: number }) => E.mul(factor, x!),
  exp: unary(E.exp),
  log: unary(E.log),
  sqrt: unary(E.sqrt),
  abs: unary(E.abs),
  tanh: unary(E.tanh),
  sigmoid: unary(E.sigmoid),
  relu: unary(E.relu),
  square: unary(E.square),
  // Constants under differentiation have no derivative to compare, so each is multiplied by its own argument.
  sign: timesItself(E.sign),
  isPositive: timesItself(E.isPositive),
  stopGradient: timesItself(E.stopGradient),
});

describe("element-wise builders", () => {
  const graph = createGraph();
  const x = graph.input("x", [2, 3]);

  it("drop neutral scalars and merge factors", () => {
    expect(E.add(x, 0)).toBe(x);
    expect(E.add(0, x)).toBe(x);
    expect(E.sub(x, 0)).toBe(x);
    expect(E.mul(x, 1)).toBe(x);
    expect(E.div(x, 1)).toBe(x);
    expect(E.mul(2, E.mul(x, 3))).toBe(E.mul(6, x));
    expect(E.mul(E.mul(0.5, x), 2)).toBe(x);
    expect(E.div(x, 4)).toBe(E.mul(0.25, x));
    expect(scalarValue(E.mul(graph.constant(2), 3))).toBe(6);
  });

  it("read through a broadcast that the other operand makes needless, and only then", () => {
    const row = graph.input("row", [3]);
    const wide = broadcastTo(row, [2, 3]);
    expect(E.mul(wide, x).inputs).toEqual([row, x]);
    expect(E.mul(wide, wide).shape).toEqual([2, 3]);
  });

  it("name both shapes when they do not broadcast", () => {
    expect(() => E.add(x, graph.input("y", [3, 2]))).toThrow(new GraphError("shapes [2,3] and [3,2] do not broadcast"));
    expect(() => E.add(1, 2)).toThrow(GraphError);
  });
});

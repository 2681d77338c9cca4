import { describe, expect, it } from "vitest";
import { tensor } from "../math/tensor.js";
import { grad } from "./gradient.js";
import { createGraph, GraphError, topological } from "./graph.js";
import { add, exp, mul, sigmoid } from "./ops/elementwise.js";
import { sum } from "./ops/reduce.js";

describe("a graph", () => {
  it("makes equal expressions once", () => {
    const graph = createGraph();
    const [x, y] = [graph.input("x", [2]), graph.input("y", [2])];
    expect(exp(mul(x, y))).toBe(exp(mul(x, y)));
    expect(mul(x, y)).not.toBe(mul(y, x));
    expect(graph.input("x", [2])).toBe(x);
    expect(graph.constant(0.5)).toBe(graph.constant(0.5));
  });

  it("shares the forward pass with the gradient", () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const s = sigmoid(x);
    const [dx] = grad(sum(s), [x]);
    expect(topological([dx!])).toContain(s);
    expect(grad(sum(s), [x])[0]).toBe(dx);
  });

  it("keeps nodes of one key but another shape apart, constants too", () => {
    const graph = createGraph();
    const x = graph.input("x", [6]);
    expect(graph.node("view", [x], {}, [2, 3])).not.toBe(graph.node("view", [x], {}, [3, 2]));
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const flat = graph.constant(tensor([6], data));
    expect(graph.constant(tensor([2, 3], data)).shape).toEqual([2, 3]);
    expect(graph.constant(tensor([6], data))).toBe(flat);
    expect(graph.constant(tensor([6], data.slice()))).not.toBe(flat);
  });

  it("refuses nodes of another graph, even where the node numbers are known", () => {
    const [ours, theirs] = [createGraph(), createGraph()];
    const [x, y] = [ours.input("x", [2]), ours.input("y", [2])];
    theirs.input("a", [2]);
    const stranger = theirs.input("b", [2]);
    add(x, y);
    expect(stranger.id).toBe(y.id);
    expect(() => add(x, stranger)).toThrow(new GraphError("add: node 1 (input) belongs to another graph"));
  });

  it("refuses an input's name for a second shape", () => {
    const graph = createGraph();
    graph.input("x", [2]);
    expect(() => graph.input("x", [3])).toThrow(new GraphError('input "x" has shape [2] already, asked for [3]'));
  });

  it("sorts chains too deep for recursion, inputs first", () => {
    const graph = createGraph();
    const x = graph.input("x", []);
    let y = x;
    for (let i = 0; i < 50_000; i++) y = exp(y);
    const order = topological([y]);
    expect(order.length).toBe(50_001);
    expect(order[0]).toBe(x);
    expect(order.at(-1)).toBe(y);
  });
});

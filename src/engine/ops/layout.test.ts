import { describe, expect, it } from "vitest";
import { testOpCases } from "../../../test/op-cases.js";
import { createGraph, GraphError } from "../graph.js";
import { concat, embed, pad, reshape, slice, transpose } from "./layout.js";

interface Region {
  readonly starts: number[];
  readonly sizes: number[];
  readonly steps: number[];
  readonly shape: number[];
}

testOpCases("layout", {
  reshape: ([x], { shape }: Region) => reshape(x!, shape),
  transpose: ([x], { permutation }: { permutation: number[] }) => transpose(x!, permutation),
  concat: (parts, { axis }: { axis: number }) => concat(parts, axis),
  slice: ([x], { starts, sizes, steps }: Region) => slice(x!, starts, sizes, steps),
  embed: ([x], { shape, starts, steps }: Region) => embed(x!, shape, starts, steps),
  pad: ([x], { before, after }: { before: number[]; after: number[] }) => pad(x!, before, after),
});

describe("layout builders", () => {
  const graph = createGraph();
  const x = graph.input("x", [4, 6]);

  it("fold chains and drop what changes nothing", () => {
    expect(reshape(reshape(x, [24]), [4, 6])).toBe(x);
    expect(transpose(transpose(x, [1, 0]), [1, 0])).toBe(x);
    expect(slice(x, [0, 0], [4, 6])).toBe(x);
    expect(embed(x, [4, 6], [0, 0])).toBe(x);
    expect(pad(x, [0, 0], [0, 0])).toBe(x);
    expect(concat([x], 0)).toBe(x);
  });

  it("keep slices and embeddings of different extent apart", () => {
    expect(slice(x, [0, 0], [1, 2]).shape).toEqual([1, 2]);
    expect(slice(x, [0, 0], [2, 2]).shape).toEqual([2, 2]);
    expect(embed(x, [5, 6], [0, 0]).shape).toEqual([5, 6]);
    expect(embed(x, [5, 8], [0, 0]).shape).toEqual([5, 8]);
  });

  it("refuse what does not fit, naming the place", () => {
    const y = graph.input("y", [3, 5]);
    const wrong = [
      () => reshape(x, [5, 5]),
      () => transpose(x, [0, 0]),
      () => transpose(x, [1]),
      () => concat([], 0),
      () => concat([x, y], 0),
      () => concat([x, x], 2),
      () => slice(x, [0, -1], [1, 1]),
      () => slice(x, [0, 0], [1, 0]),
      () => slice(x, [0], [1]),
      () => slice(x, [0, 0], [2, 2], [1, 0]),
      () => embed(x, [4, 6, 1], [0, 0]),
      () => pad(x, [-2, 0], [-2, 0]),
    ];
    for (const build of wrong) expect(build).toThrow(GraphError);
    expect(() => slice(x, [0, 2], [4, 3], [1, 2])).toThrow("slice: entries 2 to 6 of axis 1 are not inside [4,6]");
    expect(() => embed(x, [4, 7], [0, 2])).toThrow("embed: entries 2 to 7 of axis 1 are not inside [4,7]");
  });
});

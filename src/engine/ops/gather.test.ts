import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError } from "../graph.js";
import { mul, square } from "./elementwise.js";
import { gather } from "./gather.js";
import { sum } from "./reduce.js";

interface Options {
  readonly indices: number[];
  readonly axis: number;
}

testOpCases("gather", {
  gather: ([x], { indices, axis }: Options) => gather(x!, indices, axis),
  gatherSquares: ([x], { indices }: Options) => square(gather(x!, indices, 1)),
});

describe("gather", () => {
  it("equals its definition, and its adjoint adds up what went to one position", async () => {
    const drawn = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
      fc.record({
        rows: fc.constant(rows),
        columns: fc.constant(columns),
        indices: fc.array(fc.nat(columns - 1), { minLength: 1, maxLength: 9 }),
      }),
    );
    const property = fc.asyncProperty(drawn, async ({ rows, columns, indices }) => {
      const graph = createGraph();
      const x = graph.input("x", [rows, columns]);
      const value = gather(x, indices, 1);
      const adjoint = graph.input("adjoint", value.shape);
      const back = grad(sum(mul(value, adjoint)), [x])[0]!;
      const program = await compile({ value, back }, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
      const feeds = { x: draw(1, rows * columns), adjoint: draw(2, rows * indices.length) };
      const results = await program.run(feeds);
      await program.dispose();
      const expected = { value: new Float64Array(rows * indices.length), back: new Float64Array(rows * columns) };
      for (let row = 0; row < rows; row++)
        for (const [k, index] of indices.entries()) {
          expected.value[row * indices.length + k] = feeds.x[row * columns + index]!;
          expected.back[row * columns + index]! += feeds.adjoint[row * indices.length + k]!;
        }
      expect(results.value).toEqual(expected.value);
      results.back.forEach((entry, i) => {
        expect(entry).toBeCloseTo(expected.back[i]!, 12);
      });
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("is its input where every entry stays in place", () => {
    const x = createGraph().input("x", [2, 3]);
    expect(gather(x, [0, 1, 2], 1)).toBe(x);
  });

  it("refuses positions outside the axis, naming them", () => {
    const x = createGraph().input("x", [2, 3]);
    expect(() => gather(x, [0, 3], 1)).toThrow(new GraphError("gather: index 3 is not in axis 1 of [2,3], 0 to 2"));
    expect(() => gather(x, [-1], 0)).toThrow("index -1 is not in axis 0");
    expect(() => gather(x, [0.5], 0)).toThrow("index 0.5 is not in axis 0");
    expect(() => gather(x, [0], 2)).toThrow("[2,3] has no axis 2");
    expect(() => gather(x, [], 0)).toThrow("at least one index");
  });
});

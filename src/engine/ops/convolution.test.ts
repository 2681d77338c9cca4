import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { createGraph, GraphError } from "../graph.js";
import { conv, convInputGrad, convTranspose, convWeightGrad } from "./convolution.js";
import { forms } from "./convolution-forms.js";
import { squareWindow, type Window } from "./window.js";

interface Options extends Omit<Window, "groups"> {
  readonly shape: number[];
  readonly groups?: number;
  readonly outputPadding?: [number, number];
}

const windowFrom = ({ strides, pads, dilations, groups = 1 }: Options): Window => ({
  strides,
  pads,
  dilations,
  groups,
});

testOpCases("convolution", {
  conv: ([x, w], options: Options) => conv(x!, w!, windowFrom(options)),
  convInParts: ([x, w], options: Options) => conv(x!, w!, windowFrom(options)),
  convTranspose: ([x, w], options: Options) => convTranspose(x!, w!, windowFrom(options), options.outputPadding),
  convInputGrad: ([dy, w], options: Options) => convInputGrad(dy!, w!, windowFrom(options), options.shape),
  convWeightGrad: ([x, dy], options: Options) => convWeightGrad(x!, dy!, windowFrom(options), options.shape),
});

/** y, dx and dw by the definition, as loops over the trilinear form Σ dy·x·w. */
function byLoops(
  x: Float64Array,
  w: Float64Array,
  dy: Float64Array,
  shapes: Shapes,
  { strides, pads, dilations, groups }: Window,
) {
  const [batch, , height, width] = shapes.x;
  const [parts, filters, depth, rows, columns] = shapes.w;
  const [, , outRows, outColumns] = shapes.y;
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  for (let n = 0; n < batch; n++)
    for (let f = 0; f < filters; f++)
      for (let i = 0; i < outRows; i++)
        for (let j = 0; j < outColumns; j++)
          for (let c = 0; c < depth; c++)
            for (let a = 0; a < rows; a++)
              for (let b = 0; b < columns; b++) {
                const row = i * strides[0] + a * dilations[0] - pads[0];
                const column = j * strides[1] + b * dilations[1] - pads[1];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                const group = Math.floor((f * groups) / filters);
                const part = Math.floor((n * parts) / batch);
                const atX = ((n * depth * groups + group * depth + c) * height + row) * width + column;
                const atW = (((part * filters + f) * depth + c) * rows + a) * columns + b;
                const atY = ((n * filters + f) * outRows + i) * outColumns + j;
                y[atY]! += x[atX]! * w[atW]!;
                dx[atX]! += dy[atY]! * w[atW]!;
                dw[atW]! += dy[atY]! * x[atX]!;
              }
  return { y, dx, dw };
}

type Extents = [number, number, number, number];
interface Shapes {
  readonly x: Extents;
  /** Parts, filters, channels of a group, rows, columns. */
  readonly w: [number, ...Extents];
  readonly y: Extents;
}

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const geometry = fc.record({
  parts: upTo(3),
  samples: upTo(2),
  groups: upTo(3),
  depth: upTo(2),
  filtersPerGroup: upTo(2),
  input: fc.tuple(upTo(7), upTo(7)),
  kernel: fc.tuple(upTo(4), upTo(4)),
  strides: fc.tuple(upTo(3), upTo(3)),
  pads: fc.tuple(upTo(3, 0), upTo(3, 0), upTo(3, 0), upTo(3, 0)),
  dilations: fc.tuple(upTo(2), upTo(2)),
});

type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

describe("the convolution family", () => {
  const byForm = Object.entries(forms).flatMap(([member, named]) =>
    Object.keys(named).map((form) => ({ [member]: form })),
  );
  const ways = [
    { dtype: "float64" as const, forms: {} },
    ...[{}, ...byForm].map((forced) => ({ dtype: "float32" as const, forms: forced })),
  ];

  it.each(ways)("equals its definition for any geometry, in $dtype with forms $forms", async ({ dtype, forms }) => {
    const fits = ({ input, kernel, pads, dilations }: Geometry) =>
      [0, 1].every((axis) => input[axis]! + pads[axis]! + pads[axis + 2]! > dilations[axis]! * (kernel[axis]! - 1));
    const property = fc.asyncProperty(geometry.filter(fits), async (drawn) => {
      const { parts, samples, groups, depth, filtersPerGroup, kernel, strides, pads, dilations } = drawn;
      const graph = createGraph();
      const window = { strides, pads, dilations, groups };
      const x: Extents = [parts * samples, groups * depth, ...drawn.input];
      const w: Extents = [groups * filtersPerGroup, depth, ...kernel];
      const input = graph.input("x", x);
      const weight = graph.input("w", parts === 1 ? w : [parts, ...w]);
      const y = conv(input, weight, window);
      const adjoint = graph.input("dy", y.shape);
      const dx = convInputGrad(adjoint, weight, window, x);
      const dw = convWeightGrad(input, adjoint, window, weight.shape);
      const feeds = {
        x: draw(1, sizeOf(x)),
        w: draw(2, sizeOf(weight.shape)),
        dy: draw(3, sizeOf(y.shape)),
      };
      const program = await compile({ y, dx, dw }, { backend: nodeCpu({ threads: 1 }), dtype, forms });
      const results = await program.run(feeds);
      await program.dispose();
      const shapes: Shapes = { x, w: [parts, ...w], y: y.shape as Extents };
      const expected = byLoops(feeds.x, feeds.w, feeds.dy, shapes, window);
      for (const name of ["y", "dx", "dw"] as const) {
        expect(relativeError(results[name], expected[name], 1), name).toBeLessThan(dtype === "float32" ? 1e-5 : 1e-13);
      }
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("refuses shapes that do not fit, naming them", () => {
    const graph = createGraph();
    const of = (...shape: number[]) => graph.input(shape.join("x"), shape);
    const window = squareWindow({ padding: 1 });
    expect(() => conv(of(1, 3, 8, 8), of(4, 2, 3, 3), window)).toThrow(
      new GraphError("conv: input [1,3,8,8] and weight [4,2,3,3] do not fit with 1 group(s)"),
    );
    expect(() => conv(of(3, 8, 8), of(4, 3, 3, 3), window)).toThrow(GraphError);
    expect(() => conv(of(1, 3, 2, 2), of(4, 3, 5, 5), window)).toThrow("the window [4,3,5,5] is larger than [1,3,2,2]");
    expect(() => convInputGrad(of(1, 4, 7, 8), of(4, 3, 3, 3), window, [1, 3, 8, 8])).toThrow(
      "convInputGrad: input [1,3,8,8] and weight [4,3,3,3] give an output of [1,4,8,8], got [1,4,7,8]",
    );
    expect(() => convWeightGrad(of(1, 3, 8, 8), of(2, 4, 8, 8), window, [4, 3, 3, 3])).toThrow(GraphError);
  });
});

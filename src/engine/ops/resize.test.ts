import { describe, expect, it } from "vitest";
import { relativeError } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { tensor } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { type ResizeMode, resize } from "./resize.js";

interface Options {
  readonly size: [number, number];
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
}

testOpCases("resize", {
  resize: ([x], { size, mode, ...options }: Options) => resize(x!, size, mode, options),
});

const backend = nodeCpu({ threads: 1 });
const ones = tensor([1, 1, 7, 6], new Float64Array(42).fill(1));

describe("resize", () => {
  it("keeps a flat image flat, in all modes and at all sizes", async () => {
    const graph = createGraph();
    const modes = [["nearest"], ["bilinear"], ["bilinear", true], ["bicubic"], ["bicubic", true]] as const;
    const outputs: Record<string, Node> = {};
    for (const [mode, alignCorners = false] of modes)
      for (const size of [1, 2, 5, 9, 16] as const)
        outputs[`${mode} ${size} ${alignCorners}`] = resize(graph.constant(ones), [size, 17 - size], mode, {
          alignCorners,
        });
    const program = await compile(outputs, { backend, dtype: "float64" });
    const results = await program.run({});
    await program.dispose();
    for (const [name, values] of Object.entries(results))
      expect(
        relativeError(
          values,
          values.map(() => 1),
        ),
        name,
      ).toBeLessThan(1e-14);
  });

  it.each([true, false])("keeps a ramp straight where bilinear, alignCorners %s", async (alignCorners) => {
    const wide = resize(createGraph().input("x", [1, 1, 1, 12]), [1, 31], "bilinear", { alignCorners });
    const program = await compile({ wide }, { backend, dtype: "float64" });
    const results = await program.run({ x: Float64Array.from({ length: 12 }, (_, i) => i) });
    await program.dispose();
    const place = (o: number) => (alignCorners ? (o * 11) / 30 : ((o + 0.5) * 12) / 31 - 0.5);
    results.wide.forEach((value, o) => {
      expect(value).toBeCloseTo(Math.min(11, Math.max(0, place(o))), 12);
    });
  });

  it("is its input at the same size", () => {
    const x = createGraph().input("x", [1, 3, 4, 5]);
    expect(resize(x, [4, 5], "bicubic")).toBe(x);
  });

  it("refuses what is no image and sizes that are none", () => {
    const graph = createGraph();
    expect(() => resize(graph.input("flat", [3, 4]), [2, 2], "nearest")).toThrow(
      new GraphError("resize: expected an input [N, C, H, W], got [3,4]"),
    );
    expect(() => resize(graph.input("x", [1, 3, 4, 4]), [0, 2.5], "bilinear")).toThrow(
      "resize: expected positive whole extents, got [0,2.5] for [1,3,4,4]",
    );
  });
});

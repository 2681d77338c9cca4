// Every statistic on weights and gradients whose value is known.
import { describe, expect, it } from "vitest";
import { freshPayload } from "../../../test/small-round.js";
import type { Update } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { detector as constantNextLayer } from "./constant-next-layer.js";
import { detector as dSnr } from "./d-snr.js";
import { type Detector, type InspectionContext, inspectWith } from "./define.js";
import { detector as dynamics } from "./dynamics.js";
import { detector as transmissionSnr } from "./transmission-snr.js";
import { detector as trapRows } from "./trap-rows.js";

const honest = freshPayload(models.convnet!([1, 8, 8], 3), createRandom(1));

type Values = readonly [shape: readonly number[], value: (i: number) => number];
const held = (shape: readonly number[], value: (i: number) => number) =>
  tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
  );

/** Scores by criterion of a payload with just these tensors. */
function scores(detector: Detector, tensors: Readonly<Record<string, Values>>, context: InspectionContext = {}) {
  const weights = new Map(Object.entries(tensors).map(([name, [shape, value]]) => [name, held(shape, value)]));
  const { readings } = inspectWith(detector, { model: honest.model, weights }, context);
  return Object.fromEntries(readings.map(({ criterion, score }) => [criterion, score]));
}

describe("constant-next-layer", () => {
  it("gives the deviation between columns as a share of their mean", () => {
    const columns = (i: number) => 2 + 0.5 * (-1) ** i;
    expect(scores(constantNextLayer, { "a.weight": [[3, 8], columns] })["column-variation"]).toBeCloseTo(0.25, 6);
    expect(scores(constantNextLayer, { "a.weight": [[3, 8], (i) => Math.floor(i / 8)] })["column-variation"]).toBe(0);
    expect(scores(constantNextLayer, { "a.weight": [[3, 8], () => 0] })).toEqual({});
  });

  it("takes rising biases for bins only on parallel rows", () => {
    const rising: Values = [[6], (i) => i * i];
    const of = (rows: (i: number) => number, bias = rising) =>
      scores(constantNextLayer, { "a.weight": [[6, 20], rows], "a.bias": bias })["monotone-bias"];
    const random = createRandom(2);
    expect(of((i) => Math.sin(i % 20))).toBeCloseTo(1, 12);
    expect(of((i) => Math.sin(i % 20), [[6], (i) => -i])).toBeCloseTo(1, 12);
    expect(of(() => random.normal())).toBe(0);
    expect(of((i) => Math.sin(i % 20), [[6], () => 0])).toBe(0);
    // Ranks 1, 0, 2, 3, 4.5, 4.5: the products with -2.5 … 2.5 sum to 16, the squares of the ranks to 17.
    const swapped: Values = [[6], (i) => [2, 1, 3, 4, 9, 9][i]!];
    expect(of((i) => Math.sin(i % 20), swapped)).toBeCloseTo(16 / Math.sqrt(17 * 17.5), 12);
  });
});

describe("trap-rows", () => {
  it("measures how well halves pair, and how rows sum", () => {
    const random = createRandom(3);
    const half = Float64Array.from({ length: 16 * 10 }, () => Math.abs(random.normal()));
    const paired: Values = [
      [16, 20],
      (i) => {
        const [row, column] = [Math.floor(i / 20), i % 20];
        return column < 10 ? -half[row * 10 + column]! : 0.9 * half[row * 10 + 19 - column]!;
      },
    ];
    const found = scores(trapRows, { "fc.weight": paired });
    expect(found["pairing-residual"]).toBeLessThan(1e-6);
    const sums = Array.from(
      { length: 16 },
      (_, row) => -0.1 * half.slice(10 * row, 10 * row + 10).reduce((a, b) => a + b),
    );
    const mean = sums.reduce((a, b) => a + b) / 16;
    const deviation = Math.sqrt(sums.reduce((a, b) => a + (b - mean) ** 2, 0) / 16);
    expect(found["row-sum-shift"]).toBeCloseTo(mean / deviation, 4);
    const free = scores(trapRows, { "fc.weight": [[400, 300], () => random.normal()] });
    expect(free["row-sum-spread"]).toBeGreaterThan(0.9);
    expect(free["row-sum-spread"]).toBeLessThan(1.1);
    expect(free["pairing-residual"]).toBe(1);
    expect(scores(trapRows, { "fc.weight": [[15, 300], () => random.normal()] })).toEqual({});
  });
});

describe("transmission-snr", () => {
  it("compares a filter's largest weight with all its others, in the first convolution and in strange ones", () => {
    const filter = (largest: number): Values => [[2, 1, 3, 3], (i) => (i === 13 ? -largest : 0.5)];
    expect(scores(transmissionSnr, { "conv1.weight": filter(6) })).toEqual({ "largest-weight": 1.5 });
    expect(scores(transmissionSnr, { "conv2.weight": filter(6) })).toEqual({});
    expect(scores(transmissionSnr, { "loki.weight": filter(8) })).toEqual({ "largest-weight": 2 });
    expect(scores(transmissionSnr, { "conv1.weight": [[2, 3, 1, 1], () => 1] })).toEqual({});
  });
});

describe("d-snr", () => {
  it("takes the layer in which one sample outweighs the others most", () => {
    const sample = (a: number, b: number): Update =>
      new Map([
        ["a.weight", held([1, 2], () => a)],
        ["b.weight", held([2, 1], () => b)],
        ["b.bias", held([2], () => 1e9)],
      ]);
    const perSample = Array.from({ length: 16 }, (_, i) => sample(1, i === 3 ? 45 : 2));
    const local = { perSample } as unknown as NonNullable<InspectionContext["local"]>;
    expect(scores(dSnr, {}, { local })["largest-sample"]).toBeCloseTo(1.5, 12);
    const few = { ...local, perSample: perSample.slice(1) };
    expect(inspectWith(dSnr, honest, { local: few }).report).toContain("at least 16, got 15");
  });
});

describe("dynamics of the head", () => {
  it("counts zero rows, unless all are, and the range of biases", () => {
    const head = (rows: number): Readonly<Record<string, Values>> => ({
      "fc.weight": [[3, 4], (i) => (i < 4 * rows ? 0 : 1)],
      "fc.bias": [[3], (i) => 7 * i],
    });
    expect(scores(dynamics, head(2))).toEqual({ "head-zero-rows": 2 / 3, "head-bias-range": 14 });
    expect(scores(dynamics, head(3))["head-zero-rows"]).toBe(0);
    expect(scores(dynamics, { "other.weight": [[3, 4], () => 0] })).toEqual({});
  });
});

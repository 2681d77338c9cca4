import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalise } from "../../data/normalization.js";
import { tensor } from "../../math/tensor.js";
import { assumedKnowledge, modelRange, toPixels } from "./pixels.js";

const normalization = { mean: [0.4, 0.5], deviation: [0.2, 0.25] };

describe("between pixels and what the model sees", () => {
  it("comes back to the same pixels for every batch", () => {
    const pixels = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(pixels, (values) => {
        const batch = { inputs: tensor([2, 2, 2, 2], Float64Array.from(values)), labels: [0, 1] };
        const seen = normalise(batch, normalization);
        const back = toPixels(seen.inputs.data, [2, 2, 2, 2], normalization);
        values.forEach((value, i) => {
          expect(back.data[i]).toBeCloseTo(value, 12);
        });
      }),
    );
  });

  it("normalises each channel by its own figures", () => {
    const pixels = tensor([1, 2, 1, 2], Float64Array.of(0.4, 0.6, 0.5, 1));
    expect([...normalise({ inputs: pixels, labels: [0] }, normalization).inputs.data]).toEqual([
      0,
      expect.closeTo(1, 12),
      0,
      2,
    ]);
    expect([...toPixels(Float64Array.of(0, 1, 0, 2), [1, 2, 1, 2], normalization).data]).toEqual([
      0.4,
      expect.closeTo(0.6, 12),
      0.5,
      1,
    ]);
  });

  it("gives the box of each channel, [0, 1] without normalisation", () => {
    const knowledge = { ...assumedKnowledge, normalization };
    expect(modelRange(knowledge, 0)).toEqual([expect.closeTo(-2, 12), expect.closeTo(3, 12)]);
    expect(modelRange(knowledge, 1)).toEqual([-2, 2]);
    expect(modelRange(assumedKnowledge, 0)).toEqual([0, 1]);
  });

  it("copies where nothing is normalised", () => {
    const data = Float64Array.of(1, 2);
    const copy = toPixels(data, [1, 1, 1, 2], null);
    expect(copy.data).not.toBe(data);
    expect([...copy.data]).toEqual([1, 2]);
  });
});

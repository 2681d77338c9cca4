import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../math/random.js";
import { mergeEpochs, spreadLabels } from "./dlf-epochs.js";

describe("labels in places", () => {
  it("spread every class over the mini-batches", () => {
    expect(spreadLabels([0, 0, 1, 1, 2, 2], 3)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(spreadLabels([3, 1, 1], 2)).toEqual([1, 3, 1]);
    expect(spreadLabels([5], 4)).toEqual([5]);
  });

  it("keep the labels, and classes even where all mini-batches are full", () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(([batches, size]) =>
      fc.record({
        size: fc.constant(size),
        labels: fc.array(fc.nat(3), { minLength: batches * size, maxLength: batches * size }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ size, labels }) => {
        const places = spreadLabels(labels, size);
        expect([...places].sort()).toEqual([...labels].sort());
        for (const label of new Set(labels)) {
          const counts = Array.from(
            { length: labels.length / size },
            (_, batch) => places.slice(batch * size, (batch + 1) * size).filter((other) => other === label).length,
          );
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe("epochs merged", () => {
  it("pair pictures whatever their order, average them, and tell where the epochs agree", () => {
    // Two pictures of two pixels in three epochs; the second epoch has them the other way round.
    const images = Float32Array.of(0, 0, 1, 1, 1, 1, 0, 0.5, 0, 0, 1, 1);
    const { images: merged, spread } = mergeEpochs(images, 3, 2);
    expect([...merged]).toEqual([0, Math.fround(0.5 / 3), 1, 1]);
    expect(spread[0]).toBeCloseTo((0.25 / 3 - (0.5 / 3) ** 2) / 2, 12);
    expect(spread[1]).toBeCloseTo(0, 12);
  });

  it("give back shuffled copies of one batch", () => {
    const random = createRandom(4);
    const batch = Array.from({ length: 5 }, () => {
      const picture = new Float32Array(7);
      random.fillUniform(picture, 0, 1);
      return picture;
    });
    const copies = Array.from({ length: 4 }, (_, epoch) => (epoch === 0 ? batch : random.shuffle(batch)));
    const { images, spread } = mergeEpochs(Float32Array.from(copies.flat().flatMap((picture) => [...picture])), 4, 5);
    expect([...images]).toEqual(batch.flatMap((picture) => [...picture]));
    for (const value of spread) expect(value).toBeLessThan(1e-12);
  });
});

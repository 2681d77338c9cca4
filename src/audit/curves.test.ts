// What of many long curves is kept.
import { describe, expect, it } from "vitest";
import { boundCurves } from "./curves.js";

const falling = (length: number) =>
  Array.from({ length }, (_, iteration) => ({ iteration, loss: 1 / (1 + iteration) }));

describe("boundCurves", () => {
  it("keeps both ends of a long curve and what lies between them in order", () => {
    const [curve] = boundCurves([falling(6000)]);
    expect(curve).toHaveLength(40);
    expect([curve!.at(0)!.iteration, curve!.at(-1)!.iteration]).toEqual([0, 5999]);
    expect(curve!.every(({ iteration }, i) => i === 0 || iteration > curve![i - 1]!.iteration)).toBe(true);
  });

  it("keeps every point of a short curve, to five digits", () => {
    expect(boundCurves([falling(4)])).toEqual([
      [1, 0.5, 0.33333, 0.25].map((loss, iteration) => ({ iteration, loss })),
    ]);
  });

  it("drops losses that are no number, curves that have no other, and starts beyond the bound", () => {
    const diverged = [
      { iteration: 1, loss: 2 },
      { iteration: 2, loss: Number.POSITIVE_INFINITY },
    ];
    expect(boundCurves([[{ iteration: 1, loss: Number.NaN }], diverged])).toEqual([[{ iteration: 1, loss: 2 }]]);
    expect(boundCurves(Array.from({ length: 100 }, () => falling(2)))).toHaveLength(15);
  });
});

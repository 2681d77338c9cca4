// Known intervals (Newcombe 1998, Brown et al. 2001 tabulate the same method) and the properties they share.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wilson } from "./wilson.js";

describe("wilson", () => {
  it("knows published intervals", () => {
    expect(wilson(81, 263)).toEqual({ low: expect.closeTo(0.2553, 4), high: expect.closeTo(0.3662, 4) });
    expect(wilson(15, 148)).toEqual({ low: expect.closeTo(0.0624, 4), high: expect.closeTo(0.1605, 4) });
    expect(wilson(0, 20)).toEqual({ low: 0, high: expect.closeTo(0.1611, 4) });
    expect(wilson(1, 29)).toEqual({ low: expect.closeTo(0.0061, 4), high: expect.closeTo(0.1718, 4) });
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it("holds the share, stays in [0, 1] and mirrors hits and misses", () => {
    const trials = fc
      .integer({ min: 1, max: 10_000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(trials, ([hits, n]) => {
        const { low, high } = wilson(hits, n);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(hits / n);
        expect(high).toBeGreaterThanOrEqual(hits / n);
        expect(low).toBeCloseTo(1 - wilson(n - hits, n).high, 12);
      }),
    );
  });

  it("refuses what is no count", () => {
    expect(() => wilson(3, 2)).toThrow(/3 hits of 2/);
    expect(() => wilson(0.5, 2)).toThrow(RangeError);
  });
});

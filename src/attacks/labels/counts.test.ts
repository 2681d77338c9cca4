import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byRising, labelsOf, nameByImpact, roundToSum } from "./counts.js";

const counts = fc.array(fc.double({ min: -3, max: 20, noNaN: true }), { minLength: 1, maxLength: 12 });

describe("rounding to a sum", () => {
  it("gives whole numbers of 0 or more that add up, for any counts", () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 100 }), (raw, total) => {
        const whole = roundToSum(raw, total);
        expect(whole.every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
        expect(whole.reduce((sum, count) => sum + count, 0)).toBe(total);
      }),
    );
  });

  it("leaves whole counts as they are, and moves none of a right sum by 1 or more", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1 }), (whole) => {
        const total = whole.reduce((sum, count) => sum + count, 0);
        expect(roundToSum(whole, total)).toEqual(whole);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 2, maxLength: 9 }),
        fc.integer({ min: 1, max: 50 }),
        (parts, total) => {
          const sum = parts.reduce((a, b) => a + b, 0) || 1;
          const raw = parts.map((part) => (part * total) / sum);
          if (parts.every((part) => part === 0)) return;
          roundToSum(raw, total).forEach((count, c) => {
            expect(Math.abs(count - raw[c]!)).toBeLessThan(1);
          });
        },
      ),
    );
  });

  it("hands the rest to the largest remainders", () => {
    expect(roundToSum([1.4, 1.3, 1.3], 4)).toEqual([2, 1, 1]);
    expect(roundToSum([1.6, 1.7, 0.7], 4)).toEqual([1, 2, 1]);
  });
});

describe("naming by impact", () => {
  it("names negative classes once, lowest first, then whichever is lowest", () => {
    expect(nameByImpact(Float64Array.of(-1, 0.5, -3), 1, 5)).toEqual([2, 0, 2, 2, 0]);
  });

  it("names no more than asked, and takes offsets off after the signs", () => {
    expect(nameByImpact(Float64Array.of(-1, -2, -3), 1, 2)).toEqual([2, 1]);
    expect(nameByImpact(Float64Array.of(-1, 0.5, 0.5), 2, 3, Float64Array.of(0, 0, 2))).toEqual([0, 2, 1]);
  });
});

it("orders classes and lists labels", () => {
  expect(byRising([3, -1, 3, 0])).toEqual([1, 3, 0, 2]);
  expect(labelsOf([2, 0, 1])).toEqual([0, 0, 2]);
});

// Known answers computed with mpmath at 40 digits, rounded to the nearest double.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laplaceQuantile, normalCdf, normalDensity, normalQuantile, quantile } from "./normal.js";

const relative = (got: number, expected: number) => Math.abs(got / expected - 1);

const cdf: [number, number][] = [
  [-37.5, 4.605353009581955e-308],
  [-20, 2.7536241186062337e-89],
  [-8, 6.220960574271784e-16],
  [-5, 2.866515718791939e-7],
  [-3, 0.0013498980316300946],
  [-2, 0.02275013194817921],
  [-1.5, 0.06680720126885807],
  [-1, 0.15865525393145705],
  [-0.999, 0.1588973456413183],
  [-0.5, 0.3085375387259869],
  [-1e-10, 0.49999999996010575],
  [0, 0.5],
  [0.3, 0.6179114221889527],
  [1, 0.8413447460685429],
  [1.96, 0.9750021048517795],
  [6, 0.9999999990134123],
  [9, 1],
];

const inverse: [number, number][] = [
  [1e-300, -37.0470962993612],
  [1e-100, -21.273453560965326],
  [1e-20, -9.262340089798407],
  [1e-10, -6.361340902404057],
  [0.001, -3.0902323061678136],
  [0.024, -1.9773684281819468],
  [0.02425, -1.972961051311885],
  [0.1, -1.2815515655446004],
  [0.25, -0.6744897501960817],
  [0.4999, -0.00025066283008800747],
  [0.75, 0.6744897501960817],
  [0.975, 1.9599639845400538],
  [0.999, 3.090232306167813],
  [1 - 2 ** -53, 8.209536151601387],
];

describe("normalCdf", () => {
  it.each(cdf)("at %d is %d", (z, p) => {
    expect(relative(normalCdf(z), p)).toBeLessThan(2e-15);
  });

  it("is symmetric, rises, and has the limits 0 and 1", () => {
    const z = fc.double({ min: -9, max: 9, noNaN: true });
    fc.assert(
      fc.property(z, z, (a, b) => {
        expect(normalCdf(a) + normalCdf(-a)).toBeCloseTo(1, 15);
        expect(normalCdf(Math.min(a, b))).toBeLessThanOrEqual(normalCdf(Math.max(a, b)) * (1 + 1e-15));
      }),
    );
    expect([-41, Number.NEGATIVE_INFINITY, 41, Number.POSITIVE_INFINITY].map(normalCdf)).toEqual([0, 0, 1, 1]);
    expect(normalCdf(Number.NaN)).toBeNaN();
  });

  it("has the density as its slope", () => {
    expect([-50, Number.POSITIVE_INFINITY].map(normalDensity)).toEqual([0, 0]);
    expect(relative(normalDensity(0), 0.3989422804014327)).toBeLessThan(1e-15);
    for (const z of [-3, -1.2, 0.4, 2]) {
      expect((normalCdf(z + 1e-5) - normalCdf(z - 1e-5)) / 2e-5).toBeCloseTo(normalDensity(z), 9);
    }
  });
});

describe("normalQuantile", () => {
  it.each(inverse)("at %d is %d", (p, z) => {
    expect(relative(normalQuantile(p), z)).toBeLessThan(1e-15);
  });

  it("undoes the distribution function", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-290, max: 0.5, minExcluded: true, noNaN: true }), (p) => {
        expect(relative(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
      }),
    );
    expect([0, 0.5, 1].map(normalQuantile)).toEqual([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
    for (const p of [-0.1, 1.1, Number.NaN]) expect(() => normalQuantile(p)).toThrow(/lies in \[0, 1\]/);
  });
});

describe("laplaceQuantile", () => {
  it("is the logarithm on both sides of the median", () => {
    expect(laplaceQuantile(0.5)).toBeCloseTo(0, 15);
    expect(laplaceQuantile(0.25)).toBeCloseTo(-Math.LN2, 15);
    expect(laplaceQuantile(0.95, 3)).toBeCloseTo(3 * Math.log(10), 13);
    expect(laplaceQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("quantile", () => {
  it("interpolates as NumPy does", () => {
    const sorted = Float64Array.of(1, 2, 4, 8);
    expect([0, 0.25, 0.5, 1].map((p) => quantile(sorted, p))).toEqual([1, 1.75, 3, 8]);
    expect(quantile(sorted, 0.9)).toBeCloseTo(6.8, 14);
    expect(quantile(Float32Array.of(7), 0.3)).toBe(7);
  });

  it("refuses an empty sample", () => {
    expect(() => quantile(new Float64Array(0), 0.5)).toThrow(/empty sample/);
  });
});

import { describe, expect, it } from "vitest";
import { kernelQuantile, silvermanWidth } from "./kernel-quantile.js";
import { normalCdf, normalQuantile } from "./normal.js";
import { createRandom } from "./random.js";

const sample = new Float64Array(400);
createRandom(1).fillNormal(sample, 3, 2);
sample.sort();

describe("kernelQuantile", () => {
  it("of one value is that of a normal around it", () => {
    for (const p of [0.01, 0.3, 0.5, 0.99]) {
      expect(kernelQuantile(Float64Array.of(5), p, 2)).toBeCloseTo(5 + 2 * normalQuantile(p), 8);
    }
  });

  it("inverts the smoothed distribution function, and rises", () => {
    const width = silvermanWidth(sample);
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 1; i < 64; i++) {
      const edge = kernelQuantile(sample, i / 64, width);
      const below = sample.reduce((sum, value) => sum + normalCdf((edge - value) / width), 0) / sample.length;
      expect(below).toBeCloseTo(i / 64, 8);
      expect(edge).toBeGreaterThan(last);
      last = edge;
    }
  });

  it("has the width of Silverman's rule for a normal sample: 0.9 n^(-1/5) deviations", () => {
    expect(silvermanWidth(sample)).toBeGreaterThan(0.8 * 0.9 * 2 * 400 ** -0.2);
    expect(silvermanWidth(sample)).toBeLessThan(1.1 * 0.9 * 2 * 400 ** -0.2);
  });

  it("of a constant sample is the constant", () => {
    const flat = new Float64Array(10).fill(4);
    expect(kernelQuantile(flat, 0.2, silvermanWidth(flat))).toBe(4);
  });

  it("refuses what has no quantile", () => {
    expect(() => kernelQuantile(sample, 0, 1)).toThrow("strictly between 0 and 1, got 0");
    expect(() => kernelQuantile(new Float64Array(0), 0.5, 1)).toThrow("empty sample");
  });
});

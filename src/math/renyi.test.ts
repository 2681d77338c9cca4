// The accountant against published values (spec/defenses.md section 23, T1 to T20) and against the exact Gaussian mechanism.
import { describe, expect, it } from "vitest";
import { logNormalCdf, normalCdf } from "./normal.js";
import { epsilonOf, gaussianDelta, orders, renyiOf } from "./renyi.js";

const relative = (value: number, reference: number) => Math.abs(value / reference - 1);

/** Opacus' orders; TF-Privacy's coarse ones; dp_accounting's are the default. */
const opacus = orders.filter((order) => order <= 63 && order !== 11);
const legacy = [
  1.25,
  1.5,
  1.75,
  2,
  2.25,
  2.5,
  3,
  3.5,
  4,
  4.5,
  ...Array.from({ length: 59 }, (_, i) => 5 + i),
  128,
  256,
  512,
];

describe("epsilonOf", () => {
  it.each<[string, number, number, number, number, number, readonly number[]]>([
    ["T1, TF-Privacy", 150 / 60000, 1.3, 6000, 1e-5, 0.7242234026109595, legacy],
    ["T2, TF-Privacy", 100 / 100000, 1, 30000, 1e-7, 1.4154988495444842, legacy],
    ["T3, Opacus", 0.04, 1.5, 2250, 1e-5, 7.32911117143, opacus],
    ["T11, TF-Privacy", 0.01, 0.7, 120, 1e-5, 3.2392676, orders],
    ["T12, TF-Privacy", 1, 0.7, 2, 1e-5, 10.8602036, orders],
    ["T13, TF-Privacy", 64 / 10000, 1, 782, 1e-6, 1.616, orders],
    ["T14, TF-Privacy", 1, 1, 5, 1e-6, 13.376, orders],
    ["T15, dp_accounting", 1, 4.530877117, 1, 1e-6, 1, orders],
    ["T19, Opacus, 90 epochs", 0.04, 1.416, 2250, 1e-5, 8, opacus],
    ["T19, Opacus, 2000 steps", 0.04, 1.3562, 2000, 1e-5, 8, opacus],
  ])("is the published value to 1e-3: %s", (_, sampling, noise, steps, delta, reference, over) => {
    expect(relative(epsilonOf([{ sampling, noise, steps }], delta, over), reference)).toBeLessThan(1e-3);
  });

  it("adds mechanisms up: T20 of Opacus' documentation", () => {
    const mixed = [
      { sampling: 1e-5, noise: 1, steps: 10 },
      { sampling: 1e-4, noise: 3, steps: 4 },
    ];
    const whole = Array.from({ length: 31 }, (_, i) => 2 + i);
    expect(epsilonOf(mixed, 1e-5, whole)).toBeCloseTo(0.33634, 4);
  });

  it("matches to twelve digits where the order is whole: T1 at order 19", () => {
    expect(epsilonOf([{ sampling: 150 / 60000, noise: 1.3, steps: 6000 }], 1e-5, [19])).toBeCloseTo(
      0.7242234026109595,
      12,
    );
  });

  it("gives fractional and whole orders values that lie on one smooth curve", () => {
    const mechanism = { sampling: 0.04, noise: 1.5 };
    for (const order of [2, 3, 7, 20]) {
      const [below, at, above] = [order - 1e-4, order, order + 1e-4].map((each) => renyiOf(mechanism, each));
      expect(relative((below! + above!) / 2, at!)).toBeLessThan(1e-6);
    }
  });

  it("has no bound without noise, costs nothing where nobody takes part, and never goes below 0", () => {
    expect(epsilonOf([{ sampling: 0.1, noise: 0, steps: 1 }], 1e-5)).toBe(Number.POSITIVE_INFINITY);
    expect(epsilonOf([{ sampling: 0, noise: 0, steps: 5 }], 0.9)).toBe(0);
    expect(epsilonOf([{ sampling: 1, noise: 1, steps: 0 }], 0.99)).toBe(0);
  });

  it.each<[string, Parameters<typeof epsilonOf>]>([
    ["sampling", [[{ sampling: 1.1, noise: 1, steps: 1 }], 1e-5]],
    ["noise", [[{ sampling: 1, noise: -1, steps: 1 }], 1e-5]],
    ["steps", [[{ sampling: 1, noise: 1, steps: 1.5 }], 1e-5]],
    ["delta", [[{ sampling: 1, noise: 1, steps: 1 }], 0]],
  ])("refuses %s out of range", (_, given) => {
    expect(() => epsilonOf(...given)).toThrow(RangeError);
  });
});

describe("the exact Gaussian mechanism", () => {
  it.each([
    ["T12 by privacy loss distributions", 10.1224946, 0.7, 2, 1e-5],
    ["T14 by privacy loss distributions", 12.595, 1, 5, 1e-6],
    ["T16, exact", 1, Math.sqrt(3), 3, 0.126936],
  ])("has the published delta: %s", (_, epsilon, noise, steps, delta) => {
    expect(relative(gaussianDelta(epsilon, { noise, steps }), delta)).toBeLessThan(2e-3);
  });

  it("is never above Rényi accounting, and not far below", () => {
    for (const noise of [0.5, 1, 3, 10]) {
      for (const steps of [1, 10, 100]) {
        const delta = 1e-5;
        const bound = epsilonOf([{ sampling: 1, noise, steps }], delta);
        expect(gaussianDelta(bound, { noise, steps })).toBeLessThanOrEqual(delta);
        expect(gaussianDelta(0.75 * bound, { noise, steps })).toBeGreaterThan(delta);
      }
    }
  });
});

it("logNormalCdf agrees with normalCdf, and goes on where that is 0", () => {
  for (const z of [-30, -8, -1.5, -1, -0.5, 0, 2, 7])
    expect(relative(Math.exp(logNormalCdf(z)), normalCdf(z))).toBeLessThan(1e-12);
  // Mills' ratio: Φ(-z) ≈ φ(z)/z · (1 - 1/z²).
  expect(logNormalCdf(-100)).toBeCloseTo(-5000 - 0.5 * Math.log(2 * Math.PI) - Math.log(100) + Math.log1p(-1e-4), 6);
});

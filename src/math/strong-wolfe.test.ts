import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cubicMinimum, type LinePoint, strongWolfe } from "./strong-wolfe.js";

type Curve = (t: number) => { value: number; slope: number };

async function search(curve: Curve, firstStep: number, options = {}) {
  const at = (step: number): LinePoint => ({ step, ...curve(step) });
  const start = at(0);
  const trials: number[] = [];
  const result = await strongWolfe(
    start,
    firstStep,
    async (step) => {
      trials.push(step);
      return at(step);
    },
    options,
  );
  return { ...result, start, trials };
}

describe("strongWolfe", () => {
  it("meets both conditions on random smooth functions", async () => {
    const unit = fc.double({ min: 0.05, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        unit,
        unit,
        unit,
        fc.double({ min: -3, max: 3, noNaN: true }),
        async (bowl, wave, rate, exponent) => {
          // A bowl with waves on it: bounded below, falling at 0, with many local minima.
          const curve: Curve = (t) => ({
            value: bowl * (t - 2) ** 2 + wave * Math.sin(10 * rate * t) - 10 * wave * rate * t,
            slope: 2 * bowl * (t - 2) + 10 * wave * rate * (Math.cos(10 * rate * t) - 1),
          });
          const { point, satisfied, start, evaluations, trials } = await search(curve, 10 ** exponent);
          expect(satisfied).toBe(true);
          expect(point.step).toBeGreaterThan(0);
          expect(point.value).toBeLessThanOrEqual(start.value + 1e-4 * point.step * start.slope);
          expect(Math.abs(point.slope)).toBeLessThanOrEqual(0.9 * Math.abs(start.slope));
          expect(evaluations).toBe(trials.length);
          expect(evaluations).toBeLessThanOrEqual(26);
        },
      ),
    );
  });

  it("meets a strict curvature condition too, close to a line minimum", async () => {
    const quartic: Curve = (t) => ({ value: (t - 1) ** 4 - t, slope: 4 * (t - 1) ** 3 - 1 });
    const { point, satisfied } = await search(quartic, 0.1, { curvature: 1e-3 });
    expect(satisfied).toBe(true);
    expect(point.step).toBeCloseTo(1 + 0.25 ** (1 / 3), 2);
  });

  it("takes the first step when it is good, and hits a parabola's minimum at the second trial", async () => {
    const parabola: Curve = (t) => ({ value: (t - 1) ** 2, slope: 2 * (t - 1) });
    expect((await search(parabola, 0.7)).trials).toEqual([0.7]);
    const { trials, point } = await search(parabola, 5);
    expect(trials.length).toBe(2);
    expect(point.step).toBeCloseTo(1, 12);
  });

  it("grows tenfold at most per trial and gives the lowest point when the function falls for ever", async () => {
    const { point, satisfied, trials } = await search((t) => ({ value: -t, slope: -1 }), 1, { maxTrials: 4 });
    expect(satisfied).toBe(false);
    expect(trials.length).toBe(5);
    trials.slice(1).forEach((t, i) => {
      expect(t / trials[i]!).toBeLessThanOrEqual(10);
    });
    expect(point.step).toBe(trials.at(-1));
  });

  it("bisects away from non-finite trials, and returns the start when there is nothing else", async () => {
    const wall: Curve = (t) =>
      t < 0.3 ? { value: (t - 0.2) ** 2, slope: 2 * (t - 0.2) } : { value: Number.NaN, slope: 0 };
    const { point, satisfied } = await search(wall, 8);
    expect(satisfied).toBe(true);
    expect(point.step).toBeLessThan(0.3);
    const nothing = await search((t) => ({ value: t > 0 ? Number.NEGATIVE_INFINITY : 0, slope: -1 }), 1);
    expect(nothing).toMatchObject({ satisfied: false, evaluations: 26, point: { step: 0, value: 0 } });
  });

  it("ends the zoom when its interval is narrower than asked", async () => {
    // The slope lies: no point of lower value exists, so the interval shrinks for ever.
    const { point, evaluations } = await search((t) => ({ value: t, slope: -1 }), 1, { minWidth: 0.05 });
    expect(point.step).toBe(0);
    expect(evaluations).toBeLessThan(20);
  });

  it("refuses a start that does not descend", async () => {
    await expect(search((t) => ({ value: t, slope: 1 }), 1)).rejects.toThrow(/negative slope/);
    await expect(search((t) => ({ value: -t, slope: -1 }), 0)).rejects.toThrow(RangeError);
  });
});

describe("cubicMinimum", () => {
  const cubic = (t: number): LinePoint => ({ step: t, value: t ** 3 - 3 * t, slope: 3 * t ** 2 - 3 });

  it("is exact for a cubic, whichever point comes first, and stays within its bounds", () => {
    expect(cubicMinimum(cubic(0.2), cubic(4), 0, 9)).toBeCloseTo(1, 12);
    expect(cubicMinimum(cubic(4), cubic(0.2), 0, 9)).toBe(cubicMinimum(cubic(0.2), cubic(4), 0, 9));
    expect(cubicMinimum(cubic(0.2), cubic(4), 2, 9)).toBe(2);
  });

  it("halves the interval where there is no minimum", () => {
    const rising = (t: number) => ({ step: t, value: t ** 3 + t, slope: 3 * t ** 2 + 1 });
    expect(cubicMinimum(rising(-1), rising(1), -1, 1)).toBe(0);
    expect(cubicMinimum(cubic(0), { step: 2, value: Number.POSITIVE_INFINITY, slope: 0 }, 0, 2)).toBe(1);
  });
});

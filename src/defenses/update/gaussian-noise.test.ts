import { describe, expect, it } from "vitest";
import type { ClientContext, Update } from "../../federated/hooks.js";
import { distortion, mapUpdate, updateNorm } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { attach } from "../define.js";
import gaussianNoise from "./gaussian-noise.js";

const SIZE = 1e5;

/** A random update of that norm, in two tensors. */
function drawn(norm: number): Update {
  const data = new Float64Array(SIZE);
  createRandom(1).fillNormal(data, 0, 1);
  const raw: Update = new Map([
    ["a", tensor([100], data.slice(0, 100))],
    ["b", tensor([SIZE - 100], data.slice(100))],
  ]);
  const scale = norm / updateNorm(raw);
  return mapUpdate(raw, (value) => value * scale);
}
const noised = (options: Record<string, unknown>, value: Update, seed = 2) =>
  attach(gaussianNoise, options).hooks.afterLocalTraining!(value, { random: createRandom(seed) } as ClientContext);
const entries = (value: Update) => [...value.values()].flatMap(({ data }) => [...data]);

describe("gaussian-noise", () => {
  it.each([0.1, 1, 7])("clips to norm %d exactly and keeps the direction when sigma is 0", (clip) => {
    const long = drawn(10);
    const clipped = noised({ clip, sigma: 0 }, long);
    expect(updateNorm(clipped)).toBeCloseTo(clip, 10);
    expect(distortion(long, clipped).cosine).toBeCloseTo(1, 10);
  });

  it("leaves an update below the clip norm as it is, and says so by identity, when sigma is 0", () => {
    const short = drawn(0.5);
    expect(distortion(short, noised({ clip: 1, sigma: 0 }, short)).identity).toBe(true);
  });

  it("adds noise of sigma·clip per coordinate, mean 0, within 2 % on 1e5 coordinates", () => {
    for (const [clip, sigma] of [
      [1, 0.1],
      [5, 0.02],
      [0.3, 2],
    ] as const) {
      const long = drawn(20);
      const scaled = entries(noised({ clip, sigma: 0 }, long));
      const noise = entries(noised({ clip, sigma }, long)).map((value, i) => value - scaled[i]!);
      const mean = noise.reduce((sum, value) => sum + value, 0) / SIZE;
      const deviation = Math.sqrt(noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / SIZE);
      expect(Math.abs(deviation / (sigma * clip) - 1)).toBeLessThan(0.02);
      expect(Math.abs(mean)).toBeLessThan((4 * sigma * clip) / Math.sqrt(SIZE));
      // Kurtosis 3 sets a normal apart from a uniform (1.8) or a Laplace distribution (6).
      const fourth = noise.reduce((sum, value) => sum + (value - mean) ** 4, 0) / SIZE;
      expect(Math.abs(fourth / deviation ** 4 - 3)).toBeLessThan(0.1);
    }
  });

  it("draws anew for every coordinate and seed, the same for the same seed, and leaves its input alone", () => {
    const value = drawn(1);
    const before = entries(value);
    const first = noised({}, value, 5);
    expect(distortion(first, noised({}, value, 5)).identity).toBe(true);
    expect(distortion(first, noised({}, value, 6)).signAgreement).toBeLessThan(0.6);
    expect(new Set(entries(first).map((entry, i) => entry - before[i]!)).size).toBeGreaterThan(0.99 * SIZE);
    expect(entries(value)).toEqual(before);
  });

  it("passes a zero update through the clip without dividing by its norm", () => {
    const zero: Update = new Map([["a", tensor([2], new Float32Array(2))]]);
    expect(entries(noised({ sigma: 0 }, zero))).toEqual([0, 0]);
  });

  it.each([[{ clip: 0 }], [{ clip: -1 }], [{ sigma: -0.1 }], [{ sigma: Number.NaN }], [{ clip: "1" }]])(
    "refuses %o",
    (options) => {
      expect(() => attach(gaussianNoise, options)).toThrow();
    },
  );
});

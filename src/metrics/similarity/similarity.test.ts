// Exact values and properties of MSE, PSNR and SSIM that follow from their definitions (spec/metrics.md 3.1 to 3.3).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageShape } from "../../data/dataset.js";
import type { Image, Metric, MetricValue, ScoreInput } from "../define.js";
import mse from "./mse.js";
import psnr from "./psnr.js";
import ssim from "./ssim.js";
import { gaussianTaps } from "./ssim-windows.js";

const SHAPE: ImageShape = [3, 12, 11];
const SIZE = 3 * 12 * 11;

const flat = (value: number, shape = SHAPE): Image => ({
  shape,
  data: new Float64Array(shape[0] * shape[1] * shape[2]).fill(value),
});
const pictures = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: SIZE, maxLength: SIZE })
  .map((bytes): Image => ({ shape: SHAPE, data: Float64Array.from(bytes, (byte) => byte / 255) }));

/** These three metrics answer at once. */
interface PlainMetric extends Metric {
  readonly variants: Readonly<Record<string, { title: string; score(input: ScoreInput): MetricValue[] }>>;
}

function score(metric: PlainMetric, variant: string, reconstruction: Image, original: Image) {
  return metric.variants[variant]!.score({ reconstructions: [reconstruction], originals: [original] })[0]!;
}

const everyVariant = [mse, psnr, ssim].flatMap((metric: PlainMetric) =>
  Object.keys(metric.variants).map((variant) => ({ metric, id: metric.id, variant })),
);

describe.each(everyVariant)("$id/$variant", ({ metric, variant }) => {
  it("is symmetric, finite and within its range", () => {
    fc.assert(
      fc.property(pictures, pictures, (x, y) => {
        const there = score(metric, variant, x, y).value!;
        expect(there).toBeCloseTo(score(metric, variant, y, x).value!, 12);
        expect(there).toBeGreaterThanOrEqual(metric.range[0] - 1e-12);
        expect(there).toBeLessThanOrEqual(metric.range[1] + 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it("gives identical pictures the best value, constant ones too", () => {
    const best = { mse: 0, psnr: 120, ssim: 1 }[metric.id]!;
    fc.assert(
      fc.property(fc.oneof(pictures, fc.constantFrom(flat(0), flat(0.3), flat(1))), (x) => {
        expect(score(metric, variant, x, x).value).toBeCloseTo(best, 12);
      }),
      { numRuns: 20 },
    );
  });

  it("is null with a reason where the reconstruction is not a number, and leaves the other pairs alone", () => {
    const broken = flat(0.5);
    broken.data[7] = Number.NaN;
    const values = metric.variants[variant]!.score({
      reconstructions: [broken, flat(0.2)],
      originals: [flat(0.5), flat(0.8)],
    });
    expect(values[0]).toEqual({ value: null, reason: expect.stringContaining("diverged") });
    expect(values[1]!.value).toBeTypeOf("number");
  });

  it("refuses pictures that are not clamped, of different sizes or not matched", () => {
    expect(() => score(metric, variant, flat(1.2), flat(1))).toThrow(/clamp/);
    expect(() => score(metric, variant, flat(1), flat(1, [1, 12, 11]))).toThrow(/3x12x11.*1x12x11/);
    expect(() => metric.variants[variant]!.score({ reconstructions: [flat(1)], originals: [] })).toThrow(/match/);
  });
});

describe("MSE and PSNR", () => {
  it("know constant offsets", () => {
    expect(score(mse, "unit-range", flat(0.4), flat(0.5)).value).toBeCloseTo(0.01, 14);
    expect(score(psnr, "per-image", flat(0.4), flat(0.5)).value).toBeCloseTo(20, 11);
    expect(score(psnr, "per-image", flat(10 / 255), flat(0)).value).toBeCloseTo(28.130803608679, 11);
    expect(score(psnr, "per-image", flat(1 / 255), flat(0)).value).toBeCloseTo(48.130803608679, 11);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        expect(score(mse, "unit-range", flat(a), flat(b)).value).toBeCloseTo((a - b) ** 2, 12);
      }),
    );
  });

  it("know black against white", () => {
    expect(score(mse, "unit-range", flat(0), flat(1))).toEqual({ value: 1 });
    expect(score(psnr, "per-image", flat(0), flat(1))).toEqual({ value: 0 });
  });

  it("cap PSNR at 120 dB and say so", () => {
    expect(score(psnr, "per-image", flat(0.5), flat(0.5))).toEqual({ value: 120, exact: true });
    expect(score(psnr, "per-image", flat(0.5 + 1e-7), flat(0.5))).toEqual({ value: 120, exact: true });
    expect(score(psnr, "per-image", flat(0.5 + 1e-5), flat(0.5)).value).toBeCloseTo(100, 5);
  });
});

describe("SSIM", () => {
  it("uses the published Gaussian taps", () => {
    const half = [0.001028380084, 0.007598758135, 0.036000772128, 0.10936068951, 0.213005537711, 0.266011724862];
    const taps = gaussianTaps(11, 1.5);
    half.forEach((tap, i) => {
      expect(taps[i]).toBeCloseTo(tap, 12);
      expect(taps[10 - i]).toBeCloseTo(tap, 12);
    });
  });

  it.each(["gauss11-valid", "uniform7-sample", "gauss11-reflect", "gauss11-luma"] as const)(
    "knows two constant pictures: %s",
    (variant) => {
      expect(score(ssim, variant, flat(0.2), flat(0.8)).value).toBeCloseTo(0.470666078518, 10);
      expect(score(ssim, variant, flat(0), flat(1)).value).toBeCloseTo(1e-4 / 1.0001, 15);
    },
  );

  it("sees only the luminance term when a constant is added", () => {
    const wave = (offset: number): Image => ({
      shape: [1, 11, 11],
      data: Float64Array.from({ length: 121 }, (_, i) => 0.3 + offset + 0.2 * Math.sin(i)),
    });
    // One 11x11 window: its weighted means differ by the offset, its variances are equal.
    const taps = gaussianTaps(11, 1.5);
    let mean = 0;
    for (let i = 0; i < 121; i++) mean += taps[Math.floor(i / 11)]! * taps[i % 11]! * wave(0).data[i]!;
    const luminance = (2 * mean * (mean + 0.1) + 1e-4) / (mean ** 2 + (mean + 0.1) ** 2 + 1e-4);
    expect(score(ssim, "gauss11-valid", wave(0), wave(0.1)).value).toBeCloseTo(luminance, 12);
  });

  it("is null with a reason on pictures smaller than the window", () => {
    const small = flat(0.5, [1, 10, 28]);
    for (const variant of ["gauss11-valid", "gauss11-reflect", "gauss11-zero", "gauss11-luma"]) {
      expect(score(ssim, variant, small, small)).toEqual({ value: null, reason: expect.stringContaining("10x28") });
    }
    expect(score(ssim, "uniform7-sample", small, small).value).toBeCloseTo(1, 12);
  });

  it("says which colours a variant takes", () => {
    const grey = flat(0.5, [1, 12, 12]);
    const pair = flat(0.5, [2, 12, 12]);
    expect(score(ssim, "gauss11-luma", grey, flat(0.25, [1, 12, 12]))).toEqual(
      score(ssim, "gauss11-valid", grey, flat(0.25, [1, 12, 12])),
    );
    expect(score(ssim, "gauss11-luma", pair, pair).value).toBeNull();
    expect(score(ssim, "rog-global", grey, grey)).toEqual({
      value: null,
      reason: expect.stringContaining("three channels"),
    });
  });
});

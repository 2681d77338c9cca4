// Every value of the reference file for the metrics of this folder (shared/data/reference, scikit-image and NumPy).
// CIFAR pixels may not be committed: skipped where the data is missing; the twin is cc0-photos.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Gallery, Image, Metric } from "./define.js";
import { matchBatch } from "./match.js";
import iip from "./recognition/iip.js";
import lpips from "./similarity/lpips.js";
import mse from "./similarity/mse.js";
import psnr from "./similarity/psnr.js";
import ssim from "./similarity/ssim.js";

const DATA = process.env.LEAKSCOPE_DATA ?? "../shared/data";
const PIXELS = 3072;

/** What float32 is granted in reference.json. */
const LPIPS_TOLERANCE = 2e-6;

/** The same for features: a near tie may fall the other way. */
const HIT_TOLERANCE = 1;

interface Blend {
  weight_tenths: number;
  n: number;
}

interface Reference {
  pairs: {
    name: string;
    mse_0_1: number;
    psnr_db: number | null;
    ssim: Record<string, number>;
    lpips_squeeze_native32: { float64: number };
    lpips_squeeze_bilinear64: { float64: number };
    lpips_squeeze_no_rescale_0_1_native32: number;
  }[];
  attribution: { perm: number[]; total_cost: number; cost: number[][] };
  iip: { rows: (Record<"pixel_all" | "pixel_same_label" | "feature_all" | "feature_same_label", number> & Blend)[] };
}

const referenceKeys = {
  "gauss11-valid": "numpy_gaussian11_valid",
  "uniform7-sample": "skimage_default_uniform7_sample_cov",
  "gauss11-reflect": "numpy_gaussian11_reflectpad_fullmap",
  "gauss11-zero": "numpy_gaussian11_zeropad_fullmap",
  "gauss11-luma": "numpy_gaussian11_valid_luma601",
  "nvflare-rdlv": "nvflare_rdlv_uniform7_range256",
  "rog-global": "rog_global_ycrcb",
} satisfies Record<keyof typeof ssim.variants, string>;

function imageOf(bytes: Uint8Array): Image {
  return { shape: [3, 32, 32], data: Float64Array.from(bytes, (byte) => byte / 255) };
}

async function scoreOne(metric: Metric, variant: string, reconstruction: Image, original: Image) {
  const [figure] = await metric.variants[variant]!.score({ reconstructions: [reconstruction], originals: [original] });
  return figure!;
}

const PAIRS = ["identity", "different-images", "brightness+10", "box-blur-3", "lcg-noise-20", "shift-right-2"];
const present = ["reference/reference.json", "reference/pairs.bin", "cifar10-sample/train_4000.bin"].every((file) =>
  existsSync(join(DATA, file)),
);
// Skipped tests are still collected, so nothing may be read before it is known to exist.
const read = (file: string) => (present ? readFileSync(join(DATA, file)) : Buffer.from("{}"));
const reference = JSON.parse(read("reference/reference.json").toString()) as Reference;

describe.skipIf(!present)("reference pairs", () => {
  const bytes = read("reference/pairs.bin");
  const imageAt = (index: number) => imageOf(bytes.subarray(index * PIXELS, (index + 1) * PIXELS));

  it.each(PAIRS.map((name, index) => ({ name, index })))("$name", async ({ name, index }) => {
    const expected = reference.pairs[index]!;
    const original = imageAt(2 * index);
    const altered = imageAt(2 * index + 1);
    expect(expected.name).toBe(name);
    expect(Math.abs((await scoreOne(mse, "unit-range", altered, original)).value! - expected.mse_0_1)).toBeLessThan(
      1e-9,
    );
    if (expected.psnr_db === null) {
      expect(await scoreOne(psnr, "per-image", altered, original)).toEqual({ value: 120, exact: true });
    } else {
      const { value } = await scoreOne(psnr, "per-image", altered, original);
      expect(Math.abs(value! - expected.psnr_db)).toBeLessThan(1e-9);
    }
    for (const [variant, key] of Object.entries(referenceKeys)) {
      const difference = Math.abs((await scoreOne(ssim, variant, altered, original)).value! - expected.ssim[key]!);
      expect(difference, variant).toBeLessThan(variant === "rog-global" ? 2e-3 : 1e-9);
    }
  });

  it.each(PAIRS.map((name, index) => ({ name, index })))("LPIPS of $name", async ({ index }) => {
    const expected = reference.pairs[index]!;
    const [original, altered] = [imageAt(2 * index), imageAt(2 * index + 1)];
    // Public code that leaves out the mapping to [-1, 1] sees p where ours sees 2q - 1.
    const unmapped = ({ shape, data }: Image): Image => ({ shape, data: data.map((p) => (p + 1) / 2) });
    const native = await scoreOne(lpips, "squeeze-v0.1@native", altered, original);
    const at64 = await scoreOne(lpips, "squeeze-v0.1@64", altered, original);
    const raw = await scoreOne(lpips, "squeeze-v0.1@native", unmapped(altered), unmapped(original));
    expect(Math.abs(native.value! - expected.lpips_squeeze_native32.float64)).toBeLessThan(LPIPS_TOLERANCE);
    expect(Math.abs(at64.value! - expected.lpips_squeeze_bilinear64.float64)).toBeLessThan(LPIPS_TOLERANCE);
    expect(Math.abs(raw.value! - expected.lpips_squeeze_no_rescale_0_1_native32)).toBeLessThan(LPIPS_TOLERANCE);
    if (expected.name === "identity") expect([native.value, at64.value]).toEqual([0, 0]);
  });
});

describe.skipIf(!present)("CIFAR-10 sample", () => {
  const file = read("cifar10-sample/train_4000.bin");
  const gallery: Gallery = {
    length: 4000,
    label: (index) => file[index * (PIXELS + 1)]!,
    pixels: (index) => file.subarray(index * (PIXELS + 1) + 1, (index + 1) * (PIXELS + 1)),
  };
  const blend = (first: number, second: number, weight: number) => {
    const other = gallery.pixels(second);
    return imageOf(
      gallery.pixels(first).map((byte, i) => Math.floor((weight * byte + (10 - weight) * other[i]! + 5) / 10)),
    );
  };
  const records = Array.from({ length: 64 }, (_, index) => index);
  const originalsOf = (subset: number[]) => subset.map((record) => imageOf(gallery.pixels(record)));

  it.each([10, 7, 6, 5, 4, 3])("IIP of blends with weight %i tenths", async (weight) => {
    const row = reference.iip.rows.find((candidate) => candidate.weight_tenths === weight)!;
    const reconstructions = records.map((record) => blend(record, 1000 + record, weight));
    const input = { reconstructions, originals: originalsOf(records), records, gallery };
    const count = async (variant: keyof typeof iip.variants) =>
      (await iip.variants[variant].score(input)).reduce((total, { value }) => total + value!, 0);
    expect(await count("pixel@all")).toBe(row.pixel_all);
    expect(await count("pixel@same-label")).toBe(row.pixel_same_label);
    expect(Math.abs((await count("feature@all")) - row.feature_all)).toBeLessThanOrEqual(HIT_TOLERANCE);
    expect(Math.abs((await count("feature@same-label")) - row.feature_same_label)).toBeLessThanOrEqual(HIT_TOLERANCE);
  });

  it("searches 4,000 pictures for 64 unrelated ones in under a second", async () => {
    const reconstructions = originalsOf(records.map((record) => 3000 + record));
    const input = { reconstructions, originals: originalsOf(records), records, gallery };
    const milliseconds: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const started = performance.now();
      await iip.variants["pixel@all"].score(input);
      milliseconds.push(performance.now() - started);
    }
    expect(Math.min(...milliseconds)).toBeLessThan(1000);
  });

  it("matches the blends of the attribution problem", () => {
    const { perm, total_cost, cost } = reference.attribution;
    const reconstructions = perm.map((original, k) => blend(original, 1000 + k, 6));
    const matching = matchBatch(reconstructions, originalsOf(records.slice(0, perm.length)));
    expect(matching.greedyAgrees).toBe(true);
    for (const pair of matching.pairs) {
      expect(pair.original).toBe(perm[pair.reconstruction]);
      expect(pair.mse).toBeCloseTo(cost[pair.reconstruction]![pair.original]!, 12);
    }
    const total = matching.pairs.reduce((sum, pair) => sum + pair.mse, 0);
    expect(total).toBeCloseTo(total_cost, 12);
  });
});

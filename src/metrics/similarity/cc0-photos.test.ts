// MSE, PSNR, SSIM and LPIPS of three 224x224 pictures against scikit-image's and PyTorch's values, on data that is in the repository.
import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import type { Image } from "../define.js";
import lpips from "./lpips.js";
import mse from "./mse.js";
import psnr from "./psnr.js";
import ssim from "./ssim.js";

const FOLDER = new URL("../../../assets/cc0-photos/", import.meta.url);

interface Row {
  name: string;
  original: string;
  reconstruction: string;
  mse_0_1: number;
  psnr_db: number;
  ssim: Record<string, number>;
  lpips_squeeze: { float64: number };
}

function readPicture(file: string): Image {
  const { width, height, channels, data } = decode(readFileSync(new URL(encodeURIComponent(file), FOLDER)));
  const size = width * height;
  const planar = Float64Array.from({ length: 3 * size }, (_, i) => {
    return data[(i % size) * channels + Math.floor(i / size)]! / 255;
  });
  return { shape: [3, height, width], data: planar };
}

describe("cc0-photos", () => {
  const { reference } = JSON.parse(readFileSync(new URL("index.json", FOLDER), "utf8")) as { reference: Row[] };

  it.each(reference)("$name", async (row) => {
    const input = { reconstructions: [readPicture(row.reconstruction)], originals: [readPicture(row.original)] };
    expect(mse.variants["unit-range"].score(input)[0]!.value).toBeCloseTo(row.mse_0_1, 10);
    expect(psnr.variants["per-image"].score(input)[0]!.value).toBeCloseTo(row.psnr_db, 9);
    const { ssim: expected } = row;
    expect(ssim.variants["gauss11-valid"].score(input)[0]!.value).toBeCloseTo(
      expected.skimage_gaussian_sigma1_5_population!,
      9,
    );
    expect(ssim.variants["uniform7-sample"].score(input)[0]!.value).toBeCloseTo(
      expected.skimage_default_uniform7_sample_cov!,
      9,
    );
    expect(ssim.variants["gauss11-reflect"].score(input)[0]!.value).toBeCloseTo(
      expected.numpy_gaussian11_reflectpad_fullmap!,
      9,
    );
    for (const variant of ["squeeze-v0.1@64", "squeeze-v0.1@native"] as const) {
      const [figure] = await lpips.variants[variant].score(input);
      expect(Math.abs(figure!.value! - row.lpips_squeeze.float64), variant).toBeLessThan(2e-6);
    }
  });
});

// SSIM with one window that is the whole picture, on 8-bit Y, Cr, Cb, as in the repository of Yue et al., "Gradient
// Obfuscation Gives a False Sense of Security in Federated Learning" (ROG); spec/metrics.md section 3.3, `rog-global`.
// They convert colours with OpenCV's fixed-point arithmetic; we round real numbers, which agrees within 2e-3.
import type { Image } from "../define.js";
import { lumaOf, planeOf } from "../image.js";

const PLANE_WEIGHTS = [0.8, 0.1, 0.1] as const;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;
const C3 = C2 / 2;

/** 0.8 Y + 0.1 Cr + 0.1 Cb of the global similarities of two colour pictures with pixels in [0, 1]. */
export function globalSimilarity(left: Image, right: Image): number {
  const planesLeft = toYCrCb(left);
  const planesRight = toYCrCb(right);
  return PLANE_WEIGHTS.reduce(
    (total, weight, plane) => total + weight * planeSimilarity(planesLeft[plane]!, planesRight[plane]!),
    0,
  );
}

function toYCrCb(image: Image): Float64Array[] {
  const luma = lumaOf(image);
  const red = planeOf(image, 0);
  const blue = planeOf(image, 2);
  const toByte = (value: number) => Math.min(Math.max(Math.round(value), 0), 255);
  return [
    luma.map((y) => toByte(255 * y)),
    luma.map((y, i) => toByte(255 * 0.713 * (red[i]! - y) + 128)),
    luma.map((y, i) => toByte(255 * 0.564 * (blue[i]! - y) + 128)),
  ];
}

function planeSimilarity(x: Float64Array, y: Float64Array): number {
  const meanX = mean(x);
  const meanY = mean(y);
  const deviationX = Math.sqrt(mean(x.map((value) => (value - meanX) ** 2)));
  const deviationY = Math.sqrt(mean(y.map((value) => (value - meanY) ** 2)));
  const covariance = mean(x.map((value, i) => (value - meanX) * (y[i]! - meanY)));
  const luminance = (2 * meanX * meanY + C1) / (meanX ** 2 + meanY ** 2 + C1);
  const contrast = (2 * deviationX * deviationY + C2) / (deviationX ** 2 + deviationY ** 2 + C2);
  const structure = (covariance + C3) / (deviationX * deviationY + C3);
  return luminance * contrast * structure;
}

function mean(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

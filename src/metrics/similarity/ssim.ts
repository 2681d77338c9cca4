// Structural similarity (Wang et al. 2004) in the seven conventions of the field that have reference values
// (spec/metrics.md section 3.3). They differ by up to 0.35 on the same pair, so the variant id is part of the figure.
import { defineMetric, type Image, type ScoreInput } from "../define.js";
import { describeShape, lumaOf, planeOf, scorePairs } from "../image.js";
import { globalSimilarity } from "./ssim-global.js";
import { gaussianTaps, uniformTaps, type Window, windowedSimilarity } from "./ssim-windows.js";

const gauss11: Window = { taps: gaussianTaps(11, 1.5), border: "inside", varianceFactor: 1, range: 1 };
const uniform7: Window = { taps: uniformTaps(7), border: "inside", varianceFactor: 49 / 48, range: 1 };

/** The planes to compare, or undefined when the picture has not the channels that it takes. */
type Planes = (image: Image) => Image["data"][] | undefined;

const everyChannel: Planes = (image) => Array.from({ length: image.shape[0] }, (_, channel) => planeOf(image, channel));

const brightness: Planes = (image) => {
  if (image.shape[0] === 1) return [image.data];
  return image.shape[0] === 3 ? [lumaOf(image)] : undefined;
};

function windowed(title: string, window: Window, planes: Planes = everyChannel) {
  return { title, score: (input: ScoreInput) => scorePairs(input, (x, y) => compare(x, y, window, planes)) };
}

function compare(x: Image, y: Image, window: Window, planes: Planes) {
  const [, height, width] = x.shape;
  const side = window.taps.length;
  if (height < side || width < side) {
    return { value: null, reason: `a picture of ${height}x${width} is smaller than the ${side}x${side} window` };
  }
  const left = planes(x);
  const right = planes(y);
  if (left === undefined || right === undefined) return needsColour(x, "one or three channels");
  const sum = left.reduce((total, plane, i) => total + windowedSimilarity(plane, right[i]!, height, width, window), 0);
  return { value: sum / left.length };
}

function needsColour(image: Image, expected: string) {
  return { value: null, reason: `this variant compares pictures with ${expected}, got ${describeShape(image)}` };
}

export default defineMetric({
  id: "ssim",
  title: "Structural similarity",
  source: "Wang et al. 2004; spec/metrics.md 3.3",
  moreLeakage: "higher",
  range: [-1, 1],
  needs: [],
  defaultVariant: "gauss11-valid",
  variants: {
    "gauss11-valid": windowed("Gaussian 11x11 inside the picture (pytorch-msssim, scikit-image Gaussian)", gauss11),
    "uniform7-sample": windowed("uniform 7x7 inside the picture, sample variance (scikit-image default)", uniform7),
    "gauss11-reflect": windowed("Gaussian 11x11, mirrored border (ignite)", { ...gauss11, border: "mirror" }),
    "gauss11-zero": windowed("Gaussian 11x11, black border (pytorch-ssim)", { ...gauss11, border: "zero" }),
    "gauss11-luma": windowed("Gaussian 11x11 inside the picture, on brightness", gauss11, brightness),
    // Their range is 256 on 0 to 255 values: 256 / 255 of the unit range.
    "nvflare-rdlv": windowed("uniform 7x7, sample variance, range 256 (NVFlare's RDLV filter)", {
      ...uniform7,
      range: 256 / 255,
    }),
    "rog-global": {
      title: "whole picture as one window on 8-bit Y, Cr, Cb (ROG)",
      score: (input: ScoreInput) =>
        scorePairs(input, (x, y) =>
          x.shape[0] === 3 ? { value: globalSimilarity(x, y) } : needsColour(x, "three channels"),
        ),
    },
  },
});

// The picture operations that ATS composes, on planar bytes, as Pillow has them: byte for byte but for the last digit of a bicubic sample.
import type { ImageShape } from "../../../data/dataset.js";

/** One picture: channel, row, column. */
export interface Picture {
  readonly shape: ImageShape;
  readonly bytes: Uint8Array;
}

/** `magnitude` is what the operation's own scale says; `sign` is 1 or -1 where it has two directions. */
export type Operation = (picture: Picture, magnitude: number, sign: number) => Picture;

const clip = (value: number): number => Math.max(0, Math.min(255, value));
const each = ({ shape, bytes }: Picture, change: (value: number, position: number) => number): Picture => ({
  shape,
  bytes: Uint8Array.from(bytes, change),
});
const planeOf = ({ shape }: Picture): number => shape[1] * shape[2];
const planes = (picture: Picture): Uint8Array[] =>
  Array.from({ length: picture.shape[0] }, (_, c) =>
    picture.bytes.subarray(c * planeOf(picture), (c + 1) * planeOf(picture)),
  );

/** Brightness as seen (ITU-R 601-2), in Pillow's fixed point; the picture itself where it has no colours. */
function luminance(picture: Picture): Uint8Array {
  const [red, green, blue] = planes(picture);
  if (!green || !blue) return red!;
  return red!.map((r, i) => (r * 19_595 + green[i]! * 38_470 + blue[i]! * 7_471 + 32_768) >> 16);
}

/** From `plain` towards the picture and beyond it, by 1 + sign · magnitude. */
const enhance =
  (plainOf: (picture: Picture) => (position: number) => number): Operation =>
  (picture, magnitude, sign) => {
    const plain = plainOf(picture);
    const factor = Math.fround(1 + sign * magnitude);
    return each(picture, (value, i) => Math.trunc(clip(Math.fround(plain(i) + factor * (value - plain(i))))));
  };

/** 3×3 smoothing with a weight of 5 in the middle; the frame stays. */
function smooth(picture: Picture): (position: number) => number {
  const [, height, width] = picture.shape;
  const { bytes } = picture;
  return (position) => {
    const [row, column] = [Math.floor(position / width) % height, position % width];
    if (row === 0 || column === 0 || row === height - 1 || column === width - 1) return bytes[position]!;
    let total = 4 * bytes[position]!;
    for (const down of [-width, 0, width]) {
      for (const right of [-1, 0, 1]) total += bytes[position + down + right]!;
    }
    return Math.floor(total / 13 + 0.5);
  };
}

function meanGrey(picture: Picture): number {
  const grey = luminance(picture);
  return Math.floor(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5);
}

/** Every channel through a table of its own. */
function tabulated(picture: Picture, tableOf: (plane: Uint8Array) => (value: number) => number): Picture {
  const tables = planes(picture).map(tableOf);
  return each(picture, (value, i) => tables[Math.floor(i / planeOf(picture))]!(value));
}

function stretched(plane: Uint8Array): (value: number) => number {
  const [low, high] = [Math.min(...plane), Math.max(...plane)];
  if (high <= low) return (value) => value;
  const scale = 255 / (high - low);
  return (value) => clip(Math.trunc(value * scale - low * scale));
}

function equalised(plane: Uint8Array): (value: number) => number {
  const counts = new Array<number>(256).fill(0);
  for (const value of plane) counts[value]!++;
  const step = Math.floor((plane.length - counts[Math.max(...plane)]!) / 255);
  if (step === 0 || counts.filter((count) => count > 0).length <= 1) return (value) => value;
  let sum = Math.floor(step / 2);
  const table = counts.map((count) => {
    const level = Math.floor(sum / step);
    sum += count;
    return Math.min(level, 255);
  });
  return (value) => table[value]!;
}

/** Rows and columns that a pixel of the result is read from, counted in pixels from the upper left corner. */
type Source = (column: number, row: number) => readonly [x: number, y: number];

/** The nearest pixel, or `fill` where the source lies outside. */
function nearest(picture: Picture, source: Source, fill: number): Picture {
  const [, height, width] = picture.shape;
  return each(picture, (_, i) => {
    const [x, y] = source(i % width, Math.floor(i / width) % height).map(Math.floor) as [number, number];
    if (x < 0 || y < 0 || x >= width || y >= height) return fill;
    return picture.bytes[i - (i % planeOf(picture)) + y * width + x]!;
  });
}

/** Pillow's cubic through four neighbours. */
function cubic(a: number, b: number, c: number, d: number, at: number): number {
  return b + at * (c - a + at * (2 * (a - b) + c - d + at * (b - a - c + d)));
}

/** Bicubic, black outside; neighbours beyond the edge repeat it. */
function bicubic(picture: Picture, source: Source): Picture {
  const [, height, width] = picture.shape;
  const within = (value: number, extent: number) => Math.max(0, Math.min(extent - 1, value));
  return each(picture, (_, i) => {
    const [x, y] = source(i % width, Math.floor(i / width) % height);
    if (x < 0 || y < 0 || x >= width || y >= height) return 0;
    const plane = i - (i % planeOf(picture));
    const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
    const across = (row: number) => {
      const read = (column: number) => picture.bytes[plane + within(row, height) * width + within(column, width)]!;
      return cubic(read(left - 1), read(left), read(left + 1), read(left + 2), x - 0.5 - left);
    };
    return Math.trunc(clip(cubic(across(top - 1), across(top), across(top + 1), across(top + 2), y - 0.5 - top)));
  });
}

/** By name; what a magnitude means: degrees, shares of the side, bits that stay, a threshold, or how far from the picture. */
export const operations = {
  shearY: (picture, magnitude, sign) =>
    bicubic(picture, (column, row) => [column + 0.5, row + 0.5 + sign * magnitude * (column + 0.5)]),
  translateX: (picture, magnitude, sign) =>
    nearest(picture, (column, row) => [column + 0.5 + sign * magnitude * picture.shape[2], row + 0.5], 0),
  translateY: (picture, magnitude, sign) =>
    nearest(picture, (column, row) => [column + 0.5, row + 0.5 + sign * magnitude * picture.shape[1]], 0),
  rotate: (picture, degrees) => {
    const [, height, width] = picture.shape;
    const angle = (-degrees * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return nearest(
      picture,
      (column, row) => {
        const [dx, dy] = [column + 0.5 - width / 2, row + 0.5 - height / 2];
        return [cos * dx + sin * dy + width / 2, -sin * dx + cos * dy + height / 2];
      },
      128,
    );
  },
  color: enhance((picture) => {
    const grey = luminance(picture);
    return (position) => grey[position % grey.length]!;
  }),
  brightness: enhance(() => () => 0),
  contrast: enhance((picture) => {
    const grey = meanGrey(picture);
    return () => grey;
  }),
  sharpness: enhance(smooth),
  posterize: (picture, bits) => each(picture, (value) => value & (256 - 2 ** (8 - bits))),
  solarize: (picture, threshold) => each(picture, (value) => (value < threshold ? value : 255 - value)),
  autocontrast: (picture) => tabulated(picture, stretched),
  equalize: (picture) => tabulated(picture, equalised),
  invert: (picture) => each(picture, (value) => 255 - value),
} satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;

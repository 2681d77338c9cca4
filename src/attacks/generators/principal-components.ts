// G-PCA: the mean picture and the directions in which surrogate pictures differ most, x = mean + Σ_i s_i z_i u_i with u_i orthonormal and s_i the
// deviation along u_i. What of a picture lies in its range is known in closed form, so that a search of latents alone has a bound.
import type { ImageShape } from "../../data/dataset.js";
import { linear, reshape } from "../../engine/index.js";
import { symmetricEigen } from "../../math/symmetric-eigen.js";
import { type FloatArray, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { dot } from "../../math/vector.js";
import type { Generator } from "./generator.js";

export interface PrincipalComponents extends Generator {
  /** The picture of the range that is nearest to `picture` [C·H·W], and its latent. */
  project(picture: FloatArray): { readonly latent: Float32Array; readonly picture: Float64Array };
}

/** Pictures that are looked at: the decomposition costs the cube of their number. */
const MOST = 512;
/** Directions that hold less than this share of the first one's variance are rounding. */
const NEGLIGIBLE = 1e-9;

/** The `directions` first components, fewer where the pictures [N, C, H, W] have no more. */
export function principalComponents({ shape, data }: Tensor, directions: number): PrincipalComponents {
  const size = sizeOf(shape.slice(1));
  const count = Math.min(shape[0]!, MOST);
  const mean = new Float64Array(size);
  for (let i = 0; i < count * size; i++) mean[i % size]! += data[i]! / count;
  const centred = Array.from({ length: count }, (_, row) =>
    Float64Array.from(mean, (m, i) => data[row * size + i]! - m),
  );
  // Of the pictures' products, not the pixels': there are fewer pictures than pixels.
  const gram = new Float64Array(count * count);
  for (let a = 0; a < count; a++) for (let b = 0; b <= a; b++) gram[a * count + b] = dot(centred[a]!, centred[b]!);
  const { values, vectors } = symmetricEigen(gram, count);
  const found = values.findIndex((value) => value <= NEGLIGIBLE * values[0]!);
  const latent = Math.min(directions, found < 0 ? count : found);
  const units = Array.from({ length: latent }, (_, k) => {
    const unit = new Float64Array(size);
    for (let row = 0; row < count; row++) {
      const factor = vectors[k * count + row]! / Math.sqrt(values[k]!);
      for (let i = 0; i < size; i++) unit[i]! += factor * centred[row]![i]!;
    }
    return unit;
  });
  const deviations = units.map((_, k) => Math.sqrt(values[k]! / count));
  const columns = new Float32Array(size * latent);
  units.forEach((unit, k) => {
    for (let i = 0; i < size; i++) columns[i * latent + k] = unit[i]! * deviations[k]!;
  });
  const resolution = shape.slice(1) as [number, number, number] as ImageShape;
  return {
    latent,
    resolution,
    weights: new Map([
      ["directions", tensor([size, latent], columns)],
      ["mean", tensor([size], Float32Array.from(mean))],
    ]),
    trace: (latents, parameter) =>
      reshape(linear(latents, parameter("directions"), parameter("mean")), [latents.shape[0]!, ...resolution]),
    project(picture) {
      const off = Float64Array.from(mean, (m, i) => picture[i]! - m);
      const along = units.map((unit) => dot(unit, off));
      const nearest = mean.slice();
      units.forEach((unit, k) => {
        for (let i = 0; i < size; i++) nearest[i]! += along[k]! * unit[i]!;
      });
      return { latent: Float32Array.from(along, (value, k) => value / deviations[k]!), picture: nearest };
    },
  };
}

// The box of valid pixels in the space that the model sees: first iterates inside it, and projection back into it
// (spec/attacks-optimization.md 1.6 and 1.7).
import type { Random } from "../../math/random.js";
import type { BasicKnowledge } from "../../threat/observation.js";
import { modelRange } from "./pixels.js";

export interface PixelBox {
  /** Clamps every entry, in place. */
  clamp(x: Float32Array): void;
  /** Pixels 0.5 + 0.25·N(0, 1), clamped, mapped to the box. */
  grey(size: number, random: Random): Float32Array;
}

/** The box for images of `shape` [K, C, H, W]. */
export function pixelBox(knowledge: BasicKnowledge, shape: readonly number[]): PixelBox {
  const plane = shape[2]! * shape[3]!;
  const ranges = Array.from({ length: shape[1]! }, (_, channel) => modelRange(knowledge, channel));
  const rangeOf = (position: number) => ranges[Math.floor(position / plane) % ranges.length]!;
  return {
    clamp(x) {
      for (let i = 0; i < x.length; i++) {
        const [low, high] = rangeOf(i);
        x[i] = Math.min(high, Math.max(low, x[i]!));
      }
    },
    grey(size, random) {
      const x = new Float32Array(size);
      random.fillNormal(x, 0.5, 0.25);
      return x.map((value, i) => {
        const [low, high] = rangeOf(i);
        return low + (high - low) * Math.min(1, Math.max(0, value));
      });
    },
  };
}

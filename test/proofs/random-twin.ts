// Control C1 of spec/attacks-generative.md 1.6: an update of Gaussian noise with the same norm tensor by tensor. What an attack makes of it is
// its prior, and no leak.
import type { Random } from "../../src/math/random.js";
import { type FloatArray, tensor } from "../../src/math/tensor.js";
import type { ObservedRound } from "../../src/threat/observation.js";

export function randomTwin({ round, payload, view }: ObservedRound, random: Random): ObservedRound {
  const update = new Map(
    [...view.update].map(([name, { shape, data }]) => {
      const noise = new Float32Array(data.length);
      random.split("twin", name).fillNormal(noise, 0, 1);
      const factor = normOf(data) / normOf(noise);
      return [
        name,
        tensor(
          shape,
          noise.map((value) => factor * value),
        ),
      ] as const;
    }),
  );
  return { round, payload, view: { ...view, update } };
}

const normOf = (data: FloatArray): number => Math.sqrt(Float64Array.from(data).reduce((sum, v) => sum + v * v, 0));

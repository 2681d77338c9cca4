// Normalisation as layers: BatchNorm on images, LayerNorm on tokens.
import { batchNorm, batchNormTrain, layerNorm } from "../engine/index.js";
import type { Layer } from "./layers.js";

const EPSILON = 1e-5;

/** BatchNorm, parameters `<name>.weight` and `.bias`, buffers `.running_mean` and `.running_var`, all [C]. */
export function batchNormalisation(name: string): Layer {
  return (input) => {
    const perChannel = (part: string, value: number) => ({
      name: `${name}.${part}`,
      shape: [input[0]!],
      initial: { constant: value },
    });
    return {
      shape: input,
      parameters: [perChannel("weight", 1), perChannel("bias", 0)],
      buffers: [perChannel("running_mean", 0), perChannel("running_var", 1)],
      apply(x, { parameter, mode, note }) {
        const of = (part: string) => parameter(`${name}.${part}`);
        const [weight, bias] = [of("weight"), of("bias")];
        if (mode === "eval") {
          const statistics = { mean: of("running_mean"), variance: of("running_var") };
          return batchNorm(x, { weight, bias, ...statistics, epsilon: EPSILON });
        }
        const { y, mean, variance } = batchNormTrain(x, weight, bias, EPSILON);
        note(name, { mean, variance });
        return y;
      },
    };
  };
}

/** LayerNorm over the features of a token, parameters `<name>.weight` and `<name>.bias` [D]. */
export function layerNormalisation(name: string, epsilon: number): Layer {
  return (input) => {
    const perFeature = (part: string, value: number) => ({
      name: `${name}.${part}`,
      shape: [input[1]!],
      initial: { constant: value },
    });
    return {
      shape: input,
      parameters: [perFeature("weight", 1), perFeature("bias", 0)],
      apply: (x, { parameter }) => layerNorm(x, parameter(`${name}.weight`), parameter(`${name}.bias`), 1, epsilon),
    };
  };
}

// The imprint block of spec/attacks-analytic.md 1.4: k identical query rows with rising biases, ReLU, and a second layer with identical
// columns, put in front of a model. Neighbouring rows then differ by just the samples whose query value lies between their biases.
import { linear, type Node, relu, reshape } from "../../engine/index.js";
import type { Payload } from "../../federated/hooks.js";
import { sizeOf, tensor } from "../../math/tensor.js";
import type { Weights } from "../../models/define.js";
import { flatten } from "../../models/layers.js";
import { insertBlock } from "./block.js";

const names = { query: "imprint.0", spread: "imprint.2" } as const;

export interface Imprint {
  readonly payload: Payload;
  /** Names of the query layer's weight and bias in the update. */
  readonly weight: string;
  readonly bias: string;
}

/**
 * `payload` with a block of `edges.length` bins in front: row i fires for inputs whose mean exceeds `edges[i]`. The block passes the
 * mean activation over the bins to every pixel, so that activations stay of the size of a pixel.
 */
export function insertImprint(payload: Payload, edges: Float64Array): Imprint {
  const size = sizeOf(payload.model.inputShape);
  const bins = edges.length;
  const weights: Weights = new Map([
    [`${names.query}.weight`, tensor([bins, size], new Float32Array(bins * size).fill(1 / size))],
    [
      `${names.query}.bias`,
      tensor(
        [bins],
        Float32Array.from(edges, (edge) => -edge),
      ),
    ],
    [`${names.spread}.weight`, tensor([size, bins], new Float32Array(size * bins).fill(1 / bins))],
    [`${names.spread}.bias`, tensor([size], new Float32Array(size))],
  ]);
  const armed = insertBlock(payload, {
    id: "imprint",
    weights,
    apply(x, parameter) {
      const layer = (name: string, input: Node) =>
        linear(input, parameter(`${name}.weight`), parameter(`${name}.bias`));
      return reshape(layer(names.spread, relu(layer(names.query, flatten(x)))), x.shape);
    },
  });
  return { payload: armed, weight: `${names.query}.weight`, bias: `${names.query}.bias` };
}

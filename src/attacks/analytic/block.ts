// A block of layers that a malicious server puts in front of a model, between the pictures and the first layer of its own.
import type { Node } from "../../engine/index.js";
import type { Payload } from "../../federated/hooks.js";
import type { Lookup, Weights } from "../../models/define.js";

export interface Block {
  /** Prefix of the armed model's id. */
  readonly id: string;
  readonly weights: Weights;
  /** From pictures [N, C, H, W] to what the model is given in their place, of the same shape. */
  apply(x: Node, parameter: Lookup): Node;
}

/** `payload` with the block in front; its own layers stay as they are. */
export function insertBlock({ model, weights }: Payload, { id, weights: own, apply }: Block): Payload {
  return {
    model: {
      ...model,
      id: `${id}+${model.id}`,
      parameters: [
        ...[...own].map(([name, { shape }]) => ({ name, shape, initial: { constant: 0 } })),
        ...model.parameters,
      ],
      forward: (x, parameter, mode) => model.forward(apply(x, parameter), parameter, mode),
    },
    weights: new Map([...own, ...weights]),
  };
}

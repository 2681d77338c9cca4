// Where trap rows go (spec/attacks-analytic.md 4.1 and 1.5): into the model's own first layer where that is fully connected, so that nothing of
// its architecture changes; else into a block in front of it.
import { linear, relu, reshape } from "../../engine/index.js";
import type { Payload } from "../../federated/hooks.js";
import { sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import type { Model } from "../../models/define.js";
import { flatten } from "../../models/layers.js";
import type { Normalization } from "../../threat/observation.js";
import { insertBlock } from "./block.js";
import { scaled, type TrapRows } from "./trap-rows.js";

/** Names of the trap layer's tensors in the update. */
export interface TrapNames {
  readonly weight: string;
  readonly bias: string;
}

/**
 * Traps this much smaller and a next layer this much larger give the same outputs (ReLU is homogeneous), but nearly all of the gradient's norm
 * to the traps: what is clipped and noised is then the pictures.
 */
const GAIN = 1000;

const block = { trap: "trap.0", spread: "trap.2" } as const;

/** The first layer's tensors, and how many rows it has, where it takes the whole picture; null for other models. */
export function firstDense({ parameters, inputShape }: Model): (TrapNames & { readonly rows: number }) | null {
  const [first] = parameters;
  const bias = parameters.find(({ name }) => name === first?.name.replace(/weight$/, "bias"));
  const [rows, columns] = first?.shape ?? [];
  if (first?.shape.length !== 2 || columns !== sizeOf(inputShape) || !bias || bias === first) return null;
  return { weight: first.name, bias: bias.name, rows: rows! };
}

/** Rows on pixels as a layer on what the model sees: pixels are deviation · input + mean. */
function inModelSpace(traps: TrapRows, factor: number, plane: number, normalization: Normalization | null) {
  const { rows, columns } = traps;
  const weights = scaled(traps, factor);
  const biases = new Float64Array(rows);
  if (normalization) {
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) {
        const channel = Math.floor(i / plane);
        biases[row]! += weights[row * columns + i]! * normalization.mean[channel]!;
        weights[row * columns + i]! *= normalization.deviation[channel]!;
      }
    }
  }
  return {
    weight: tensor(
      [rows, columns],
      Float32Array.from(weights, (value) => value / GAIN),
    ),
    bias: tensor(
      [rows],
      Float32Array.from(biases, (value) => value / GAIN),
    ),
  };
}

/** The layer that takes the traps' outputs, larger by the gain. Nothing where there is none: its outputs then shrink. */
function nextLayer(
  { model, weights }: Payload,
  { rows, weight }: TrapNames & { readonly rows: number },
): [string, Tensor][] {
  const next = model.parameters.find(({ name, shape }) => name !== weight && shape.length === 2 && shape[1] === rows);
  if (!next) return [];
  const { shape, data } = weights.get(next.name)!;
  return [
    [
      next.name,
      tensor(
        shape,
        data.map((value) => GAIN * value),
      ),
    ],
  ];
}

/** `payload` with the rows at that factor. */
export function setTraps(
  payload: Payload,
  traps: TrapRows,
  factor: number,
  normalization: Normalization | null,
): TrapNames & { readonly payload: Payload } {
  const { model, weights } = payload;
  const layer = inModelSpace(traps, factor, model.inputShape[1] * model.inputShape[2], normalization);
  const own = firstDense(model);
  if (own) {
    const replaced: [string, Tensor][] = [
      [own.weight, layer.weight],
      [own.bias, layer.bias],
      ...nextLayer(payload, own),
    ];
    return { payload: { model, weights: new Map([...weights, ...replaced]) }, weight: own.weight, bias: own.bias };
  }
  const { rows, columns } = traps;
  const [weight, bias] = [`${block.trap}.weight`, `${block.trap}.bias`];
  const armed = insertBlock(payload, {
    id: "trap",
    weights: new Map([
      [weight, layer.weight],
      [bias, layer.bias],
      [`${block.spread}.weight`, tensor([columns, rows], new Float32Array(columns * rows).fill(GAIN / rows))],
      [`${block.spread}.bias`, tensor([columns], new Float32Array(columns))],
    ]),
    apply(x, parameter) {
      const dense = (name: string, input: typeof x) =>
        linear(input, parameter(`${name}.weight`), parameter(`${name}.bias`));
      return reshape(dense(block.spread, relu(dense(block.trap, flatten(x)))), x.shape);
    },
  });
  return { payload: armed, weight, bias };
}

// Layers on sequences of tokens [N, T, D]. Parameters may carry a leading parts axis, as in engine/ops/parts.ts.
import {
  add,
  broadcastTo,
  concat,
  linear,
  mul,
  multiHeadAttention,
  type Node,
  reshape,
  slice,
  sum,
  transpose,
} from "../engine/index.js";
import { type Shape, sizeOf } from "../math/tensor.js";
import { fanIn, glorotUniform, type Scheme } from "./initial.js";
import type { Layer } from "./layers.js";

/** Images [N, D, H, W] as tokens [N, H·W, D]. */
export const pixelsAsTokens: Layer = ([dim, height, width]) => ({
  shape: [height! * width!, dim!],
  parameters: [],
  apply: (x) => transpose(reshape(x, [x.shape[0]!, dim!, height! * width!]), [0, 2, 1]),
});

/** A linear layer applied to every token on its own, parameters `<name>.weight` [outputs, D] and `<name>.bias`. */
export function tokenwise(name: string, outputs: number, initial: Scheme = fanIn): Layer {
  return ([tokens, dim]) => {
    const fan = { in: dim!, out: outputs };
    const weight = { name: `${name}.weight`, shape: [outputs, dim!], initial: initial.weight(fan) };
    const bias = { name: `${name}.bias`, shape: [outputs], initial: initial.bias(fan) };
    return {
      shape: [tokens!, outputs],
      parameters: [weight, bias],
      apply: (x, { parameter }) => linear(x, parameter(weight.name), parameter(bias.name)),
    };
  };
}

/** Multi-head self-attention with the parameters of PyTorch's MultiheadAttention below `name`. */
export function attention(name: string, heads: number): Layer {
  return (input) => {
    const dim = input[1]!;
    const packed = { in: dim, out: 3 * dim };
    return {
      shape: input,
      parameters: [
        { name: `${name}.in_proj_weight`, shape: [3 * dim, dim], initial: glorotUniform.weight(packed) },
        { name: `${name}.in_proj_bias`, shape: [3 * dim], initial: glorotUniform.bias(packed) },
        { name: `${name}.out_proj.weight`, shape: [dim, dim], initial: fanIn.weight({ in: dim, out: dim }) },
        { name: `${name}.out_proj.bias`, shape: [dim], initial: { constant: 0 } },
      ],
      apply: (x, { parameter }) =>
        multiHeadAttention(x, {
          inProjWeight: parameter(`${name}.in_proj_weight`),
          inProjBias: parameter(`${name}.in_proj_bias`),
          outWeight: parameter(`${name}.out_proj.weight`),
          outBias: parameter(`${name}.out_proj.bias`),
          heads,
        }),
    };
  };
}

/** A parameter of the given shape, or in parts, once for each of `batch` samples: [N, ...shape]. */
function forEachSample(parameter: Node, shape: Shape, batch: number): Node {
  const parts = sizeOf(parameter.shape) / sizeOf(shape);
  const repeated = broadcastTo(reshape(parameter, [parts, 1, ...shape]), [parts, batch / parts, ...shape]);
  return reshape(repeated, [batch, ...shape]);
}

/** Adds a learnt vector to every position, parameter `name` [1, T, D]. */
export function positions(name: string): Layer {
  return (input) => ({
    shape: input,
    parameters: [{ name, shape: [1, ...input], initial: { normal: 0.02 } }],
    apply: (x, { parameter }) => add(x, forEachSample(parameter(name), input, x.shape[0]!)),
  });
}

/** The tokens of `body` behind a learnt one, parameter `name` [1, 1, D], zeros at first. */
export function withLeadingToken(name: string, body: Layer): Layer {
  return (input) => {
    const placed = body(input);
    const [tokens, dim] = placed.shape;
    return {
      ...placed,
      shape: [tokens! + 1, dim!],
      parameters: [{ name, shape: [1, 1, dim!], initial: { constant: 0 } }, ...placed.parameters],
      apply: (x, tracing) =>
        concat([forEachSample(tracing.parameter(name), [1, dim!], x.shape[0]!), placed.apply(x, tracing)], 1),
    };
  };
}

/** The first token of a sequence. */
export const firstToken: Layer = ([, dim]) => ({
  shape: [dim!],
  parameters: [],
  apply: (x) => reshape(slice(x, [0, 0, 0], [x.shape[0]!, 1, dim!]), [x.shape[0]!, dim!]),
});

/** The mean of all tokens. */
export const meanToken: Layer = ([tokens, dim]) => ({
  shape: [dim!],
  parameters: [],
  apply: (x) => mul(1 / tokens!, sum(x, [1])),
});

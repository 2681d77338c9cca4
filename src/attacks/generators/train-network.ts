// Training of a small network on an adversary's own pictures: mini-batches by Adam with a cosine decay, in one compiled graph. What step `t`
// does depends on the seed, `t` and the values before it alone.
//   trainNetwork({ parameters, data, loss, steps, batchSize, learningRate }, context) → { weights, curve }
import { compile, createGraph, grad, type Node } from "../../engine/index.js";
import { createAdam } from "../../math/adam.js";
import { type Shape, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { drawParameters, type Lookup, type Parameter, type Weights } from "../../models/define.js";
import type { AttackContext } from "../define.js";

export interface Training<Field extends string, Noise extends string = never> {
  readonly parameters: readonly Parameter[];
  /** Rows that belong together, each field [N, …]. */
  readonly data: Readonly<Record<Field, Tensor>>;
  /** Fresh standard normal numbers for every step: the shape of each input. */
  readonly noise?: Readonly<Record<Noise, Shape>>;
  /** A scalar, of `size` rows: of every field [size, …], and the noise. */
  readonly loss: (inputs: Readonly<Record<Field | Noise, Node>>, parameter: Lookup) => Node;
  readonly steps: number;
  /** Rows per step; fewer where there are no more. */
  readonly batchSize: number;
  readonly learningRate: number;
}

export interface Trained {
  readonly weights: Weights;
  readonly curve: readonly { readonly iteration: number; readonly loss: number }[];
}

/** Progress reports and curve points of a training. */
const REPORTS = 40;

/** Values of trained parameters as nodes by name, for the graphs of an attack. */
export function heldWeights(weights: Weights): (like: Node) => Lookup {
  return ({ graph }) =>
    (name) => {
      const held = weights.get(name);
      if (!held) throw new RangeError(`the trained network has no parameter "${name}"`);
      return graph.constant(held);
    };
}

/**
 * Draws the parameters from the context's stream and trains them. Throws the signal's reason on abort, and RangeError where fields differ in
 * their number of rows, there are none, or the loss is no number any more.
 */
export async function trainNetwork<const Field extends string, const Noise extends string = never>(
  { parameters, data, noise, loss, steps, batchSize, learningRate }: Training<Field, Noise>,
  { backend, random, signal, progress }: Pick<AttackContext, "backend" | "random" | "signal" | "progress">,
): Promise<Trained> {
  const fields = Object.entries(data) as [Field, Tensor][];
  const count = fields[0]?.[1].shape[0] ?? 0;
  const uneven = fields.find(([, { shape }]) => shape[0] !== count);
  if (uneven || count === 0) {
    throw new RangeError(
      `a training needs rows, as many in every field: got ${uneven ? `${count} and ${uneven[1].shape[0]}` : "none"}`,
    );
  }
  const size = Math.min(batchSize, count);
  const shapes = Object.entries(noise ?? {}) as [Noise, Shape][];

  const graph = createGraph();
  const nodes = new Map(parameters.map(({ name, shape }) => [name, graph.input(`parameter:${name}`, shape)]));
  const inputs = Object.fromEntries([
    ...fields.map(([name, { shape }]) => [name, graph.input(`row:${name}`, [size, ...shape.slice(1)])]),
    ...shapes.map(([name, shape]) => [name, graph.input(`noise:${name}`, shape)]),
  ]) as Record<Field | Noise, Node>;
  const total = loss(inputs, (name) => nodes.get(name)!);
  const slopes = grad(total, [...nodes.values()]);
  const outputs: Record<string, Node> = { loss: total };
  slopes.forEach((slope, i) => {
    outputs[`slope:${i}`] = slope;
  });
  const program = await compile(outputs, { backend, dtype: "float32" });

  const values = drawParameters(parameters, random.split("initial"));
  const optimisers = values.map(({ length }) => createAdam(length, { learningRate }));
  const curve: { iteration: number; loss: number }[] = [];
  const perEpoch = Math.floor(count / size);
  let order: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      if (step % perEpoch === 0) order = random.split("epoch", step / perEpoch).shuffle([...Array(count).keys()]);
      const rows = order.slice((step % perEpoch) * size, ((step % perEpoch) + 1) * size);
      const feeds: Record<string, Float32Array | Float64Array> = {};
      for (const [name, held] of fields) feeds[`row:${name}`] = rowsOf(held, rows);
      for (const [name, shape] of shapes) {
        const drawn = new Float32Array(sizeOf(shape));
        random.split("noise", name, step).fillNormal(drawn, 0, 1);
        feeds[`noise:${name}`] = drawn;
      }
      parameters.forEach(({ name }, i) => {
        feeds[`parameter:${name}`] = values[i]!;
      });
      const out = await program.run(feeds);
      const current = out.loss![0]!;
      if (!Number.isFinite(current)) {
        throw new RangeError(`the training's loss is ${current} at step ${step}; take a smaller learning rate`);
      }
      if (step % Math.ceil(steps / REPORTS) === 0 || step === steps - 1) {
        curve.push({ iteration: step, loss: current });
        progress({ iteration: step, total: steps, loss: current });
      }
      const rate = (learningRate * (1 + Math.cos((Math.PI * step) / steps))) / 2;
      values.forEach((value, i) => {
        optimisers[i]!.step(value, out[`slope:${i}`]!, rate);
      });
    }
  } finally {
    await program.dispose();
  }
  return { weights: new Map(parameters.map(({ name, shape }, i) => [name, tensor(shape, values[i]!)])), curve };
}

/** Rows of [N, …], one after the other. */
function rowsOf({ shape, data }: Tensor, rows: readonly number[]): Float32Array {
  const size = sizeOf(shape.slice(1));
  const picked = new Float32Array(rows.length * size);
  rows.forEach((row, position) => {
    picked.set(data.subarray(row * size, (row + 1) * size), position * size);
  });
  return picked;
}

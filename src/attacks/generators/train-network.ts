// Training of a small network on an adversary's own pictures: mini-batches by Adam with a cosine decay, in one compiled graph. What step `t`
// does depends on the seed, `t` and the state before it alone, so that a training that was cut off and taken up again ends in the same numbers.
//   trainNetwork({ parameters, data, loss, steps, batchSize, learningRate }, context) → { weights, curve }
import { compile, createGraph, emit, grad, type Node } from "../../engine/index.js";
import { type FloatArray, type Shape, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { drawParameters, type Lookup, type Parameter, type Weights } from "../../models/define.js";
import type { AttackContext } from "../define.js";
import { adamStep, freshAdam } from "./adam-state.js";
import { packState, type TrainingCache, type TrainingState, trainingKey, unpackState } from "./training-cache.js";

/** What a training may use. With a cache it is done once, and goes on from its last checkpoint after an interruption. */
export interface TrainingContext extends Pick<AttackContext, "backend" | "random" | "signal" | "progress"> {
  readonly cache?: TrainingCache | undefined;
}

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
/** Steps between checkpoints: seconds of work at most are done again. */
const CHECKPOINT = 100;
const DTYPE = "float32";

/** Values of trained parameters as nodes by name, for the graphs of an attack. */
export function heldWeights(weights: Weights): (like: Node) => Lookup {
  return ({ graph }) =>
    (name) => {
      const held = weights.get(name);
      if (!held) throw new RangeError(`the trained network has no parameter "${name}"`);
      return graph.constant(held);
    };
}

/** The graph of one step: the loss of `size` rows, and its slope to each parameter. */
function traceStep<Field extends string, Noise extends string>(
  { parameters, data, noise, loss }: Training<Field, Noise>,
  size: number,
): Record<string, Node> {
  const graph = createGraph();
  const nodes = new Map(parameters.map(({ name, shape }) => [name, graph.input(`parameter:${name}`, shape)]));
  const inputs = Object.fromEntries([
    ...entries(data).map(([name, { shape }]) => [name, graph.input(`row:${name}`, [size, ...shape.slice(1)])]),
    ...entries(noise ?? {}).map(([name, shape]) => [name, graph.input(`noise:${name}`, shape as Shape)]),
  ]) as Record<Field | Noise, Node>;
  const total = loss(inputs, (name) => nodes.get(name)!);
  const slopes = grad(total, [...nodes.values()]);
  return { loss: total, ...Object.fromEntries(slopes.map((slope, i) => [`slope:${i}`, slope])) };
}

const entries = <Value>(fields: Readonly<Record<string, Value>>) => Object.entries(fields);

/**
 * Draws the parameters from the context's stream and trains them. Throws the signal's reason on abort, after a checkpoint, and RangeError where
 * fields differ in their number of rows, there are none, or the loss is no number any more.
 */
export async function trainNetwork<const Field extends string, const Noise extends string = never>(
  training: Training<Field, Noise>,
  context: TrainingContext,
): Promise<Trained> {
  const { parameters, data, batchSize, steps } = training;
  const { backend, random, cache } = context;
  const fields = entries<Tensor>(data);
  const count = fields[0]?.[1].shape[0] ?? 0;
  const uneven = fields.find(([, { shape }]) => shape[0] !== count);
  if (uneven || count === 0) {
    throw new RangeError(
      `a training needs rows, as many in every field: got ${uneven ? `${count} and ${uneven[1].shape[0]}` : "none"}`,
    );
  }
  const size = Math.min(batchSize, count);
  const outputs = traceStep(training, size);
  const drawn = drawParameters(parameters, random.split("initial")).map((values) => Float32Array.from(values));
  const fresh: TrainingState = {
    step: 0,
    values: drawn,
    moments: drawn.map(({ length }) => freshAdam(length)),
    curve: [],
  };
  const finish = ({ values, curve }: TrainingState): Trained => ({
    weights: new Map(parameters.map(({ name, shape }, i) => [name, tensor(shape, values[i]!)])),
    curve,
  });
  if (!cache) return finish(await descend(training, outputs, size, fresh, context));

  const probe = random.split("key");
  const key = await trainingKey({
    graph: emit(outputs, { dtype: DTYPE }).bytes,
    backend: backend.name,
    settings: [steps, size, training.learningRate, probe.uint32(), probe.uint32()],
    tensors: [
      ...parameters.map(({ name }, i) => [name, drawn[i]!] as const),
      ...fields.map(([name, { data }]) => [name, data] as const),
    ],
  });
  const kept = await cache.read(key);
  const start = (kept && unpackState(parameters, kept, steps)) ?? fresh;
  const save = (state: TrainingState) => cache.write(key, packState(parameters, state, steps));
  return finish(start.step === steps ? start : await descend(training, outputs, size, start, context, save));
}

/** Takes `state` to the last step; its arrays are changed. `save` is called now and then, at the end, and before an abort. */
async function descend<Field extends string, Noise extends string>(
  { parameters, data, noise, steps, learningRate }: Training<Field, Noise>,
  outputs: Record<string, Node>,
  size: number,
  start: TrainingState,
  { backend, random, signal, progress }: TrainingContext,
  save?: (state: TrainingState) => Promise<void>,
): Promise<TrainingState> {
  const { values, moments } = start;
  const curve = [...start.curve];
  const fields = entries<Tensor>(data);
  const count = fields[0]![1].shape[0]!;
  const perEpoch = Math.floor(count / size);
  let order: number[] = [];
  const program = await compile(outputs, { backend, dtype: DTYPE });
  try {
    for (let step = start.step; step < steps; step++) {
      if (step > start.step && (signal.aborted || step % CHECKPOINT === 0))
        await save?.({ step, values, moments, curve });
      signal.throwIfAborted();
      const [epoch, within] = [Math.floor(step / perEpoch), step % perEpoch];
      if (within === 0 || order.length === 0) order = random.split("epoch", epoch).shuffle([...Array(count).keys()]);
      const rows = order.slice(within * size, (within + 1) * size);
      const feeds: Record<string, FloatArray> = {};
      for (const [name, held] of fields) feeds[`row:${name}`] = rowsOf(held, rows);
      for (const [name, shape] of entries<Shape>(noise ?? {})) {
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
        adamStep(moments[i]!, step + 1, value, out[`slope:${i}`]!, rate);
      });
    }
  } finally {
    await program.dispose();
  }
  const end = { step: steps, values, moments, curve };
  await save?.(end);
  return end;
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

// How ATS judges a policy (Gao et al. 2021, equations 6 to 9; spec/defenses.md 15): how fast gradients come to agree on the way from noise to a
// transformed picture, and how well an untrained net tells transformed pictures apart (after Mellor et al. 2021).
import { type Batch, readRows } from "../../../data/dataset.js";
import type { Normalization } from "../../../data/normalization.js";
import type { Backend } from "../../../engine/backends/backend.js";
import { compile, createGraph, grad, type Node, sum } from "../../../engine/index.js";
import type { Payload, Update } from "../../../federated/hooks.js";
import type { Trainer } from "../../../federated/training.js";
import type { Random } from "../../../math/random.js";
import { symmetricEigen } from "../../../math/symmetric-eigen.js";
import { tensor } from "../../../math/tensor.js";
import { parameterInputs, parameterValues } from "../../../models/define.js";

/** Steps of the way from noise to picture. */
const STEPS = 20;
/** Keeps the logarithm and the quotient of a vanishing eigenvalue finite. */
const EIGENVALUE_OFFSET = 1e-5;

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    left += a[i]! * a[i]!;
    right += b[i]! * b[i]!;
  }
  return left === 0 || right === 0 ? 0 : dot / Math.sqrt(left * right);
}

/** Mean over tensors of the cosine between two updates. */
const agreement = (a: Update, b: Update): number =>
  [...a].reduce((total, [name, { data }]) => total + cosine(data, b.get(name)!.data), 0) / a.size;

/**
 * S_pri of one sample [1, C, H, W] as the model sees it, and the agreement along the way: the mean over the way from uniform noise to the sample
 * of how far the gradient points where the sample's own does, from -1 to 1. The lower, the less a search for it is guided.
 */
export async function privacyScore(
  payload: Payload,
  sample: Batch,
  normalization: Normalization | null,
  random: Random,
  trainer: Trainer,
): Promise<{ score: number; path: readonly number[] }> {
  const { data, shape } = sample.inputs;
  const plane = shape[2]! * shape[3]!;
  const noise = data.map((_, i) => {
    const channel = Math.floor(i / plane);
    return (random.uniform() - (normalization?.mean[channel] ?? 0)) / (normalization?.deviation[channel] ?? 1);
  });
  const gradientAt = async (share: number) => {
    const mixed = data.map((value, i) => share * value + (1 - share) * noise[i]!);
    return (await trainer.gradient(payload, { inputs: tensor(shape, mixed), labels: sample.labels })).update;
  };
  const own = await gradientAt(1);
  const path: number[] = [];
  for (let step = 0; step <= STEPS; step++) path.push(agreement(await gradientAt(step / STEPS), own));
  const score = path.slice(1).reduce((total, value, i) => total + (value + path[i]!) / 2, 0) / STEPS;
  return { score, path };
}

/**
 * S_acc of a batch on an untrained model: -Σ log(v + k) + 1 / (v + k) over the eigenvalues v of the correlations between the samples' input
 * gradients of the summed logits. At most -N for N samples, reached where all are uncorrelated; very negative where samples look alike.
 */
export async function accuracyScore({ model, weights }: Payload, { inputs }: Batch, backend: Backend): Promise<number> {
  const samples = inputs.shape[0]!;
  const graph = createGraph();
  const x = graph.input("x", inputs.shape);
  const { logits } = model.forward(x, parameterInputs(graph, model));
  const [slope] = grad(sum(logits), [x]) as [Node];
  const program = await compile({ slope }, { backend, dtype: "float64", bind: parameterValues(weights) });
  try {
    const { slope: jacobian } = await program.run({ x: inputs.data });
    const size = jacobian.length / samples;
    const centred = Array.from({ length: samples }, (_, row) => {
      const values = jacobian.subarray(row * size, (row + 1) * size);
      let total = 0;
      for (const value of values) total += value;
      return Float64Array.from(values, (value) => value - total / size);
    });
    const correlations = new Float64Array(samples * samples);
    centred.forEach((a, i) => {
      for (let j = 0; j <= i; j++) {
        correlations[i * samples + j] = correlations[j * samples + i] = i === j ? 1 : cosine(a, centred[j]!);
      }
    });
    // Rounding may push an eigenvalue of 0 below it.
    const values = symmetricEigen(correlations, samples).values;
    return -values.reduce((total, value) => {
      const shifted = Math.max(value, 0) + EIGENVALUE_OFFSET;
      return total + Math.log(shifted) + 1 / shifted;
    }, 0);
  } finally {
    await program.dispose();
  }
}

/** The first `perClass` rows of every class, class by class. */
export function rowsByClass({ labels }: Batch, perClass: number): number[][] {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  return classes.map((label) => labels.flatMap((each, row) => (each === label ? [row] : [])).slice(0, perClass));
}

/** One row of a batch. */
export const sampleOf = (batch: Batch, row: number): Batch => readRows(batch, [row]);

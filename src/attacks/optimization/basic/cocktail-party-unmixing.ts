// Unmixing of whitened mixtures by Adam (spec/attacks-optimization.md 2.8, steps 2 to 4): directions whose sources are far from Gaussian,
// unlike each other, and such as images (smooth) or activations (of one sign, sparse) are.
import {
  abs,
  add,
  compile,
  createGraph,
  div,
  exp,
  grad,
  l2Norm,
  log,
  matmul,
  mul,
  type Node,
  relu,
  reshape,
  square,
  sub,
  sum,
  totalVariation,
} from "../../../engine/index.js";
import { createAdam } from "../../../math/adam.js";
import { type Tensor, tensor } from "../../../math/tensor.js";
import type { AttackContext } from "../../define.js";
import type { Whitened } from "./cocktail-party-whitening.js";

export interface UnmixingOptions {
  readonly iterations: number;
  readonly learningRate: number;
  /** Weights of the terms; one of 0 leaves its term out. */
  readonly negentropy: number;
  readonly decorrelation: number;
  /** How sharply directions repel each other. */
  readonly temperature: number;
  /** Of images: `imageShape` [C, H, W] says how a source is laid out. */
  readonly tv: number;
  readonly imageShape?: readonly number[];
  /** Of activations. */
  readonly sign: number;
  readonly sparsity: number;
}

export interface Unmixed {
  /** Row-major [count, count], rows of length 1: one direction in the whitened space for each source. */
  readonly directions: Float64Array;
  readonly curve: { iteration: number; loss: number }[];
  readonly iterations: number;
  readonly exhausted: boolean;
}

/** Progress reports and curve points. */
const REPORTS = 40;

/**
 * Searches from the mixtures themselves and keeps the best iterate. `preview` turns sources [count, inputs] into a picture. Throws the
 * signal's reason on abort.
 */
export async function unmix(
  { count, mixtures, offsets }: Whitened,
  options: UnmixingOptions,
  preview: (directions: Float64Array) => Tensor | undefined,
  { backend, signal, outOfTime, progress }: Pick<AttackContext, "backend" | "signal" | "outOfTime" | "progress">,
): Promise<Unmixed> {
  const { iterations, learningRate } = options;
  const graph = createGraph();
  const free = graph.input("directions", [count, count]);
  const objective = traceObjective(
    free,
    graph.constant(tensor([count, mixtures.length / count], mixtures)),
    graph.constant(tensor([count, 1], offsets)),
    options,
  );
  const [slope] = grad(objective, [free]) as [Node];
  const program = await compile({ objective, slope }, { backend, dtype: "float32" });
  const x = new Float64Array(count * count);
  for (let i = 0; i < count; i++) x[i * count + i] = 1;
  const adam = createAdam(x.length, { learningRate });
  const curve: Unmixed["curve"] = [];
  let best = { loss: Number.POSITIVE_INFINITY, x: x.slice() };
  let iteration = 0;
  try {
    for (; iteration < iterations && !(iteration > 0 && outOfTime()); iteration++) {
      signal.throwIfAborted();
      const out = await program.run({ directions: x });
      const loss = out.objective[0]!;
      if (!Number.isFinite(loss)) break;
      if (loss < best.loss) best = { loss, x: x.slice() };
      if (iteration % Math.ceil(iterations / REPORTS) === 0) {
        curve.push({ iteration, loss });
        const image = preview(normalised(best.x, count));
        progress({ iteration, total: iterations, loss, ...(image ? { image } : {}) });
      }
      adam.step(x, out.slope);
    }
  } finally {
    await program.dispose();
  }
  const exhausted = iteration < iterations && outOfTime();
  return { directions: normalised(best.x, count), curve, iterations: iteration, exhausted };
}

/** `free` [K, K] any rows, `mixtures` [K, d], `offsets` [K, 1]. */
function traceObjective(
  free: Node,
  mixtures: Node,
  offsets: Node,
  { negentropy, decorrelation, temperature, tv, imageShape, sign, sparsity }: UnmixingOptions,
): Node {
  const [count, inputs] = mixtures.shape as [number, number];
  const directions = div(free, reshape(l2Norm(free, [1]), [count, 1]));
  const sources = matmul(directions, mixtures);
  const terms: Node[] = [];
  if (negentropy > 0) {
    const contrast = mul(1 / inputs, sum(logCosh(sources), [1]));
    terms.push(mul(-negentropy / count, sum(square(contrast))));
  }
  if (decorrelation > 0 && count > 1) {
    const likeness = abs(matmul(directions, directions, { b: true }));
    const others = new Float64Array(count * count).fill(1).map((_, i) => (i % (count + 1) === 0 ? 0 : 1));
    const apart = mul(free.graph.constant(tensor([count, count], others)), sub(exp(mul(temperature, likeness)), 1));
    terms.push(mul(decorrelation / count ** 2, sum(apart)));
  }
  if (tv > 0 && imageShape) terms.push(mul(tv, totalVariation(reshape(sources, [count, ...imageShape]))));
  if (sign > 0 || sparsity > 0) {
    const whole = add(sources, matmul(directions, offsets));
    if (sparsity > 0) terms.push(mul(sparsity / (count * inputs), sum(abs(whole))));
    if (sign > 0) {
      const [above, below] = [l2Norm(relu(whole), [1]), l2Norm(relu(mul(-1, whole)), [1])];
      // The smaller of two numbers is half of what their sum exceeds their difference by.
      const smaller = mul(0.5, sub(add(above, below), abs(sub(above, below))));
      terms.push(mul(sign / count, sum(smaller)));
    }
  }
  return terms.reduce((total, term) => add(total, term), mul(0, sum(free)));
}

/** log cosh x, without the overflow of cosh. Softplus would do, but takes the runtime three times as long. */
const logCosh = (x: Node): Node => sub(add(abs(x), log(add(1, exp(mul(-2, abs(x)))))), Math.log(2));

/** Minus the total variation of each image [C, H, W] of [N, C, H, W] over its deviation: mixtures of images are rougher than images. */
export function smoothness({ shape, data }: Tensor): number[] {
  const [count, , height, width] = shape as [number, number, number, number];
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => {
    const image = Float64Array.from(data.subarray(i * size, (i + 1) * size));
    const mean = image.reduce((sum, value) => sum + value, 0) / size;
    const deviation = Math.sqrt(image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
    let change = 0;
    image.forEach((value, position) => {
      if (position % width > 0) change += Math.abs(value - image[position - 1]!);
      if (Math.floor(position / width) % height > 0) change += Math.abs(value - image[position - width]!);
    });
    return -change / size / (deviation || 1);
  });
}

function normalised(x: Float64Array, count: number): Float64Array {
  const rows = x.slice();
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * count, (i + 1) * count);
    const norm = Math.hypot(...row);
    for (let j = 0; j < count; j++) row[j]! /= norm;
  }
  return rows;
}

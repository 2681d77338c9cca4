// How what a layer reads moves with the model's input: ‖∂r_j/∂x‖ of every feature j of one sample (spec/defenses.md 8). A run takes one
// vector-Jacobian product per row of a batch that repeats the sample, so that many features share one run.
import { type Batch, readRows } from "../data/dataset.js";
import { createGraph, type Graph, grad, mul, type Node, type Program, sqrt, square, sum } from "../engine/index.js";
import type { FloatArray } from "../math/tensor.js";
import type { Lookup, Model } from "../models/define.js";
import type { InputJacobian } from "./hooks.js";
import { type Noise, noiseValues, rowNoise } from "./noise.js";

/** Features whose rows are computed in one run. */
const ROWS = 64;

/** Program outputs `features` [rows, F] and `norms` [rows] for inputs `x` [rows, C, H, W] and `chosen` [rows, F]; throws RangeError. */
export function traceJacobian(
  model: Model,
  at: string | undefined,
  lookup: (graph: Graph, rows: number) => Lookup,
): Record<string, Node> {
  const graph = createGraph();
  const x = graph.input("x", [ROWS, ...model.inputShape]);
  const features = readBy(model, at, x, lookup(graph, ROWS));
  const chosen = graph.input("chosen", features.shape);
  const [slope] = grad(sum(mul(features, chosen)), [x]) as [Node];
  return { features, norms: sqrt(sum(square(slope), [1, 2, 3])) };
}

/** What the layer with that weight reads. */
function readBy(model: Model, at: string | undefined, x: Node, parameter: Lookup): Node {
  const { logits, features } = model.forward(x, parameter);
  if (at === undefined || at === model.head.weight) return features;
  const names = model.parameters.map(({ name }) => name);
  const weight = names.includes(at) ? parameter(at) : undefined;
  // A set hands out what is added to it while it is walked.
  const reached = new Set<Node>([logits]);
  for (const { inputs } of reached) for (const input of inputs) reached.add(input);
  const product = [...reached].find(({ op, inputs }) => op === "matmul" && inputs[1] === weight);
  if (!product || product.inputs[0]!.shape.length !== 2) {
    throw new RangeError(`model ${model.id} has no fully connected layer "${at}"; it has ${names.join(", ")}`);
  }
  return product.inputs[0]!;
}

/** Runs the program of `traceJacobian` over all features of every sample. */
export async function measureJacobian(
  program: Program,
  batch: Batch,
  weights: Readonly<Record<string, FloatArray>>,
  noise: Noise | undefined,
): Promise<InputJacobian[]> {
  const repeated = (values: FloatArray) => {
    const all = new Float64Array(ROWS * values.length);
    for (let row = 0; row < ROWS; row++) all.set(values, row * values.length);
    return all;
  };
  const found: InputJacobian[] = [];
  for (let sample = 0; sample < batch.labels.length; sample++) {
    const x = repeated(readRows(batch, [sample]).inputs.data);
    const own = noise && rowNoise(noise, sample, batch.labels.length);
    const drawn = own && new Map([...own].map(([name, values]) => [name, repeated(values)]));
    const width = program.inputs.get("chosen")![1]!;
    const rowNorms = new Float64Array(width);
    let features: FloatArray = rowNorms;
    for (let from = 0; from < width; from += ROWS) {
      const chosen = new Float64Array(ROWS * width);
      for (let row = 0; row < Math.min(ROWS, width - from); row++) chosen[row * width + from + row] = 1;
      const out = await program.run({ ...weights, ...noiseValues(drawn), x, chosen });
      features = out.features!.slice(0, width);
      rowNorms.set(out.norms!.subarray(0, Math.min(ROWS, width - from)), from);
    }
    found.push({ features, rowNorms });
  }
  return found;
}

// What can be said about a model before anything runs: its layers, what of them helps or hinders attacks, and which attacks run on it at what
// cost. Attacks are not known here by name: each is tried for a few seconds on a picture of noise.
import type { Attack } from "../attacks/define.js";
import { createGraph, type Node } from "../engine/index.js";
import type { Payload } from "../federated/hooks.js";
import { createTrainer } from "../federated/training.js";
import { createRandom } from "../math/random.js";
import { type Shape, sizeOf, tensor } from "../math/tensor.js";
import { type Model, type Parameter, parameterInputs } from "../models/define.js";
import { refusal, type ThreatLetter, threatLetters } from "../threat/capabilities.js";
import { invertRecorded, type OwnTools, type RecordedUpdate, unrecordable } from "./own-update.js";

export interface LayerSummary {
  readonly name: string;
  readonly kind: "convolution" | "fully connected" | "normalisation" | "other";
  /** Shapes of its parameters, as in `weight [12, 3, 5, 5]`. */
  readonly shapes: readonly string[];
  readonly numbers: number;
}

export interface ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly numbers: number;
  readonly buffers: number;
  /** What of the model decides which attacks have it easy, in sentences. */
  readonly traits: readonly string[];
}

/** Ops whose derivative jumps, as people call them. */
const kinks: Readonly<Record<string, string>> = {
  relu: "ReLU",
  leakyRelu: "leaky ReLU",
  clamp: "ReLU6 or clamp",
  maxPool: "max pooling",
  abs: "absolute value",
};

/** Name of the layer that a parameter belongs to. */
const layerOf = (name: string): string => name.replace(/[./][^./]*$/, "");

export function summariseModel(model: Model): ModelSummary {
  const statistics = new Set(model.buffers.map(({ name }) => layerOf(name)));
  const byLayer = new Map<string, Parameter[]>();
  for (const each of model.parameters) {
    const layer = layerOf(each.name);
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), each]);
  }
  const layers = [...byLayer].map(([name, own]) => ({
    name,
    kind: kindOf(own, statistics.has(name)),
    shapes: own.map(({ name: full, shape }) => `${full.slice(name.length + 1) || full} [${shape}]`),
    numbers: own.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  }));
  const numbers = layers.reduce((sum, layer) => sum + layer.numbers, 0);
  return { layers, numbers, buffers: model.buffers.length, traits: traitsOf(model) };
}

function kindOf(own: readonly Parameter[], hasStatistics: boolean): LayerSummary["kind"] {
  const rank = Math.max(...own.map(({ shape }) => shape.length));
  if (rank === 4) return "convolution";
  if (rank === 2) return "fully connected";
  return hasStatistics || (rank === 1 && own.length === 2) ? "normalisation" : "other";
}

function traitsOf(model: Model): string[] {
  const { head, inputShape, parameters, buffers } = model;
  const first = parameters[0]!;
  const isFlat = (shape: Shape) => shape.length === 2 && shape.includes(sizeOf(inputShape));
  const found = [...new Set(opsOf(model).flatMap((op) => kinks[op] ?? []))];
  const bias = head.bias
    ? "the last layer has a bias: its gradient gives labels away, and the sign and scale of an update"
    : "the last layer has no bias: labels are read off its weights, less surely; the sign and scale of an update have to be said";
  const smooth =
    found.length > 0
      ? `${found.join(", ")}: gradients jump where these switch, so that searches by curvature (L-BFGS) often stall; others do not mind`
      : "all activations are smooth: searches by curvature (L-BFGS) come very close";
  return [
    bias,
    smooth,
    ...(isFlat(first.shape)
      ? ["the first layer is fully connected: with a bias, single images are a quotient of its gradients"]
      : []),
    ...(buffers.length > 0
      ? [
          "BatchNorm: attacks compute in eval mode with the statistics at hand; an update made in train mode does not match",
        ]
      : []),
  ];
}

function opsOf(model: Model): string[] {
  const graph = createGraph();
  const { logits } = model.forward(graph.input("x", [1, ...model.inputShape]), parameterInputs(graph, model));
  const seen = new Set<Node>([logits]);
  for (const node of seen) for (const input of node.inputs) seen.add(input);
  return [...seen].map(({ op }) => op);
}

export interface Prognosis {
  readonly attack: string;
  /** Letters that can carry it, the weakest first. */
  readonly threats: readonly ThreatLetter[];
  /** `known-labels`: only where the attacker is assumed to know the labels. `not-tried`: it acts while a federation runs. */
  readonly runs: "yes" | "known-labels" | "no" | "not-tried";
  /** Why not, or why only so. */
  readonly reason: string | null;
  /** For one image with default options, at most: a search that succeeds ends earlier. Null where no step ended in the time. */
  readonly seconds: number | null;
}

export interface PrognosisTools extends Omit<OwnTools, "onProgress"> {
  /** Called before each attack. */
  readonly onAttack: (id: string) => void;
  /** How long each may be tried. */
  readonly trySeconds: number;
}

/** Tries every attack on the update of one picture of noise. Throws the signal's reason on abort. */
export async function prognose(
  payload: Payload,
  attacks: Iterable<Attack>,
  tools: PrognosisTools,
): Promise<Prognosis[]> {
  const recorded = await noiseUpdate(payload, tools);
  const prognoses: Prognosis[] = [];
  for (const attack of attacks) {
    tools.signal.throwIfAborted();
    tools.onAttack(attack.id);
    prognoses.push(await prognoseOne(attack, recorded, tools));
  }
  return prognoses;
}

async function noiseUpdate({ model, weights }: Payload, { backend }: PrognosisTools): Promise<RecordedUpdate> {
  const shape = [1, ...model.inputShape];
  const data = new Float64Array(sizeOf(shape));
  createRandom(1).fillUniform(data, 0, 1);
  const trainer = createTrainer(backend, "float32");
  try {
    const payload = { model, weights };
    const { update } = await trainer.gradient(payload, { inputs: tensor(shape, data), labels: [0] });
    return { payload, update, batchSize: 1, normalization: null };
  } finally {
    await trainer.dispose();
  }
}

async function prognoseOne(attack: Attack, recorded: RecordedUpdate, tools: PrognosisTools): Promise<Prognosis> {
  const threats = threatLetters.filter((letter) => !refusal(attack.id, attack.needs, letter));
  const about = { attack: attack.id, threats };
  const refused = unrecordable(attack, false);
  if (refused) {
    const reason = "acts while the federation runs, or needs data: simulate a round with `leakscope attack`";
    return { ...about, runs: "not-tried", reason, seconds: null };
  }
  try {
    return { ...about, runs: "yes", reason: null, seconds: await time(attack, recorded, threats[0]!, tools) };
  } catch (error) {
    tools.signal.throwIfAborted();
    const reason = (error as Error).message;
    try {
      const seconds = await time(attack, { ...recorded, labels: [0] }, threats[0]!, tools);
      return { ...about, runs: "known-labels", reason, seconds };
    } catch {
      tools.signal.throwIfAborted();
      return { ...about, runs: "no", reason, seconds: null };
    }
  }
}

/** Seconds that a whole run may take, from its pace in the first few. */
async function time(
  attack: Attack,
  recorded: RecordedUpdate,
  threat: ThreatLetter,
  { backend, signal, trySeconds }: PrognosisTools,
): Promise<number | null> {
  const started = performance.now();
  const since = () => (performance.now() - started) / 1000;
  const reports: { readonly at: number; readonly iteration: number; readonly total: number }[] = [];
  const own = { attack, options: attack.options.parse({}), threat, seed: 1, budgetSeconds: trySeconds };
  const result = await invertRecorded(recorded, own, {
    backend,
    signal,
    onProgress: ({ iteration, total }) => reports.push({ at: since(), iteration, total }),
  });
  const ended = since();
  if (!result.exhausted) return ended;
  const [first, last] = [reports[0], reports[reports.length - 1]];
  if (!first || !last) return null;
  if (last.iteration > first.iteration) {
    return ((last.at - first.at) / (last.iteration - first.iteration)) * last.total;
  }
  // One report only: of a step that took all the time, or of a start whose further steps the result has counted.
  return first.iteration > 0
    ? (first.at / first.iteration) * first.total
    : ((ended - first.at) / Math.max(1, result.iterations)) * first.total;
}

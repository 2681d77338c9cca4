// Gradient matching: the distance between the gradient of a candidate batch and the observed one, and its derivative with respect to
// the candidate. The one expensive step of every optimisation attack; several candidates (restarts) may share one run over shared weights.
import type { Backend } from "../../engine/backends/backend.js";
import {
  add,
  compile,
  concat,
  createGraph,
  grad,
  mul,
  type Node,
  type Program,
  reshape,
  slice,
  softmax,
  sum,
} from "../../engine/index.js";
import { cast, type DType, type FloatArray, sizeOf } from "../../math/tensor.js";
import { parameterValues } from "../../models/define.js";
import { traceLoss } from "../../models/loss.js";
import { traceLossInParts } from "../../models/loss-in-parts.js";
import type { KnownDefense, ObservedRound } from "../../threat/observation.js";
import { imitate } from "../transforms/define.js";
import { type Distance, type DistanceName, distances } from "./distances.js";

export interface MatchingOptions {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly round: ObservedRound;
  /** Images in the candidate batch. */
  readonly batchSize: number;
  readonly distance: DistanceName | Distance;
  /**
   * What the client makes of a candidate, in the order of the model's parameters, where that is not one gradient: local training, unrolled.
   * One candidate per run.
   */
  readonly simulate?: ((x: Node, probabilities: Node) => readonly Node[]) | undefined;
  /** `joint`: label logits are variables beside the images; `fixed`: label probabilities are given. */
  readonly labels: "joint" | "fixed";
  /** A defense that the attacker knows to be on: its imitation acts on the candidate's gradient. */
  readonly knownDefense?: KnownDefense | undefined;
  /** Terms added to the objective, with their weight; scalar functions of one candidate's images. */
  readonly priors?: readonly { readonly weight: number; readonly term: (x: Node) => Node }[];
  /** Candidates that one run can serve. Default 1. */
  readonly restarts?: number;
  /**
   * Leave gradients unformed where that is faster (distances.ts). Not for searches that go on below a distance of 1e-6 ‖g*‖², as L-BFGS does.
   * Several candidates in one run form them all the same. Default false.
   */
  readonly ghost?: boolean;
}

/** A point of the search. `labels` are logits [K, C] in `joint` mode, probabilities in `fixed` mode. */
export interface Candidate {
  readonly images: FloatArray;
  readonly labels: FloatArray;
}

export interface MatchingStep {
  /** Distance plus weighted priors. */
  readonly objective: number;
  /** The pure gradient distance: what candidates are chosen by. */
  readonly distance: number;
  readonly imageGradient: FloatArray;
  /** Derivative with respect to the label logits; in `joint` mode only. */
  readonly labelGradient: FloatArray | null;
}

export interface Matching {
  /** Candidates that one run can serve. */
  readonly restarts: number;
  /** Numbers in the images and in the labels of one candidate. */
  readonly imageSize: number;
  readonly labelSize: number;
  /** ‖g*‖² of the observed update. */
  readonly targetNorm: number;
  /** One candidate, in a graph of its own where `restarts` is more. */
  evaluate(images: FloatArray, labels: FloatArray): Promise<MatchingStep>;
  /**
   * Several candidates in one run, each independent of the others: to rounding what `evaluate` gives. Throws RangeError for none or for more
   * than `restarts`. Fewer take a graph of half the width where they fit, which is compiled when it is first needed.
   */
  evaluateAll(candidates: readonly Candidate[]): Promise<MatchingStep[]>;
  dispose(): Promise<void>;
}

/** The objective and its derivatives for `width` candidates at once; distance and objective are [width], or scalars for one. */
export function traceMatching({ round, batchSize, labels, knownDefense, ...options }: MatchingOptions, width: number) {
  const { model } = round.payload;
  const graph = createGraph();
  const x = graph.input("x", [width * batchSize, ...model.inputShape]);
  const labelInput = graph.input("labels", [width * batchSize, model.classes]);
  const probabilities = labels === "joint" ? softmax(labelInput) : labelInput;
  const gradients =
    options.simulate?.(x, probabilities) ??
    (width === 1 ? traceLoss(model, x, probabilities) : traceLossInParts(model, x, probabilities, width)).gradients;
  const targets = model.parameters.map(({ name, shape }) => graph.input(`target:${name}`, shape));
  const targetSquares = graph.input("targetSquares", [targets.length]);
  const names = model.parameters.map(({ name }) => name);
  const compared = knownDefense ? imitate(knownDefense, gradients, targets, names) : { gradients, sent: targets };
  const measure = typeof options.distance === "string" ? distances[options.distance] : options.distance;
  const distance = measure(compared.gradients, compared.sent, options.ghost ? targetSquares : undefined);
  const ofEach = (term: (images: Node) => Node): Node => {
    if (width === 1) return term(x);
    const size = [batchSize, ...model.inputShape];
    const images = Array.from({ length: width }, (_, position) => slice(x, [position * batchSize, 0, 0, 0], size));
    return concat(
      images.map((candidate) => reshape(term(candidate), [1])),
      0,
    );
  };
  const objective = (options.priors ?? [])
    .filter(({ weight }) => weight !== 0)
    .reduce((total, { weight, term }) => add(total, mul(weight, ofEach(term))), distance);
  const [imageGradient, labelGradient] = grad(sum(objective), [x, labelInput]) as [Node, Node];
  const outputs: Record<string, Node> = { objective, distance, imageGradient };
  return labels === "joint" ? { ...outputs, labelGradient } : outputs;
}

/** What is fed of an observed round: its targets by input name, and ‖·‖² of each. Throws RangeError when the update lacks a tensor. */
export function observedTargets({ payload: { model }, view }: ObservedRound, dtype: DType) {
  const observed: Record<string, FloatArray> = Object.fromEntries(
    model.parameters.map(({ name }) => {
      const held = view.update.get(name);
      if (!held) throw new RangeError(`the observed update lacks the tensor "${name}" of model ${model.id}`);
      return [`target:${name}`, cast(held.data, dtype)];
    }),
  );
  return { observed, targetSquares: Float64Array.from(Object.values(observed), squaredSum) };
}

/**
 * Opens the matching of an observed round. Throws RangeError when the update lacks a tensor, `restarts` is no count, or several candidates are
 * to be simulated in one run.
 */
export async function createMatching(options: MatchingOptions): Promise<Matching> {
  const { round, batchSize, dtype, restarts = 1 } = options;
  const { model, weights } = round.payload;
  if (!(Number.isInteger(restarts) && restarts >= 1)) {
    throw new RangeError(`a matching serves 1 restart or more in one run, got ${restarts}`);
  }
  if (options.simulate && restarts > 1) throw new RangeError(`a simulated client serves 1 restart, got ${restarts}`);
  const { observed, targetSquares } = observedTargets(round, dtype);
  const targetNorm = targetSquares.reduce((total, square) => total + square, 0);
  const imageSize = batchSize * sizeOf(model.inputShape);
  const labelSize = batchSize * model.classes;

  const programs = new Map<number, Promise<Program>>();
  const programOf = (width: number): Promise<Program> => {
    const program =
      programs.get(width) ??
      compile(traceMatching(options, width), { backend: options.backend, dtype, bind: parameterValues(weights) });
    programs.set(width, program);
    return program;
  };
  /** The narrowest of the widths `restarts`, half of it, … 1 that holds `count` candidates. */
  const widthFor = (count: number): number => {
    let width = restarts;
    while (Math.ceil(width / 2) >= count && width > 1) width = Math.ceil(width / 2);
    return width;
  };
  await programOf(restarts);

  async function evaluateAll(candidates: readonly Candidate[]): Promise<MatchingStep[]> {
    if (candidates.length < 1 || candidates.length > restarts) {
      throw new RangeError(`a run of this matching serves 1 to ${restarts} candidates, got ${candidates.length}`);
    }
    const width = widthFor(candidates.length);
    const program = await programOf(width);
    // Places that nobody asked for repeat the first candidate.
    const placed = Array.from({ length: width }, (_, place) => candidates[place] ?? candidates[0]!);
    const out = await program.run({
      ...observed,
      targetSquares,
      x: joined(placed.map(({ images }) => images)),
      labels: joined(placed.map(({ labels }) => labels)),
    });
    const part = (values: FloatArray, place: number, size: number) => values.subarray(place * size, (place + 1) * size);
    return candidates.map((_, place) => ({
      objective: out.objective![place]!,
      distance: out.distance![place]!,
      imageGradient: part(out.imageGradient!, place, imageSize),
      labelGradient: out.labelGradient ? part(out.labelGradient, place, labelSize) : null,
    }));
  }

  return {
    restarts,
    imageSize,
    labelSize,
    targetNorm,
    evaluateAll,
    evaluate: async (images, labels) => (await evaluateAll([{ images, labels }]))[0]!,
    async dispose() {
      for (const program of programs.values()) await (await program).dispose();
      programs.clear();
    },
  };
}

function joined(parts: readonly FloatArray[]): FloatArray {
  const [first] = parts as [FloatArray];
  if (parts.length === 1) return first;
  const whole = new Float64Array(first.length * parts.length);
  parts.forEach((part, position) => {
    whole.set(part, position * first.length);
  });
  return whole;
}

/** Σ v². */
export function squaredSum(values: FloatArray): number {
  let total = 0;
  for (const value of values) total += value * value;
  return total;
}

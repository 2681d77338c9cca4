// What a fishing server asks and what it learns (Wen et al. 2022; spec/attacks-analytic.md 3.2). Every query rewrites the last layer only, so that one
// logit z_t depends on the features and all others are level. The next query follows from the answers so far, and from nothing else.
import type { Payload } from "../../../federated/hooks.js";
import { type Tensor, tensor } from "../../../math/tensor.js";
import { dot } from "../../../math/vector.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { biasOf, type HeadGradient, readHead, rowOf } from "../../labels/head.js";
import { recoverLabels } from "../../labels/recover.js";

/** `class`: only samples of `target` leave a gradient below the head. `cut`: a sample's does as its features along `direction` are above or below `at`. */
export type Query =
  | { readonly kind: "honest" }
  | { readonly kind: "class"; readonly target: number }
  | {
      readonly kind: "cut";
      readonly target: number;
      readonly direction: Float64Array;
      readonly slope: number;
      readonly at: number;
    };

/** One sample's gradient: the answer to a class that has one sample, or what lies between two cuts. */
export interface Catch {
  readonly target: number;
  /** The model under which the target's probability is 0 for every picture. */
  readonly payload: Payload;
  readonly answer: ObservedRound;
  /** The answer at the lower cut, which is taken off. */
  readonly below?: ObservedRound;
}

export type Step = { readonly ask: Query } | { readonly caught: Catch } | { readonly failed: string };

export interface Tackle {
  /** Images behind an answer. */
  readonly batchSize: number;
  /** Weight of every feature in the target's row of a class query. */
  readonly weight: number;
  /** What all other classes' biases are above the target's. */
  readonly bias: number;
  /** What a cut weighs the other features by, where the one with the largest mean weighs 1. */
  readonly others: number;
  /** Logits by which the mean along a cut's direction moves the target's. */
  readonly sharpness: number;
  /** Queries of one client at most. */
  readonly queries: number;
}

/** Classes with a single sample that are tried before cutting a feature. */
const TRIES = 3;
/** A bias that no feature outweighs. */
const BEYOND = 1e9;
/** How far from a whole number a count of samples may be: a sample on the cut counts in part. */
const WHOLE = 0.02;

/** The honest model with the head of that query. Throws RangeError for a head without bias. */
export function rewriteHead({ model, weights }: Payload, query: Query, { weight, bias }: Tackle): Payload {
  if (query.kind === "honest") return { model, weights };
  const { classes, head } = model;
  if (head.bias === undefined) {
    throw new RangeError(`fishing rewrites the last layer's bias, and model ${model.id} has none; take another model`);
  }
  const { shape } = weights.get(head.weight)!;
  const features = shape[1]!;
  const rows = new Float32Array(classes * features);
  const biases = new Float32Array(classes);
  if (query.kind === "class") {
    rows.fill(weight, query.target * features, (query.target + 1) * features);
    biases.fill(bias);
    biases[query.target] = weights.get(head.bias)!.data[query.target]!;
  } else {
    const { target, direction, slope, at } = query;
    rows.set(
      direction.map((entry) => slope * entry),
      target * features,
    );
    // At the cut the target has half of the probability: z_t equals the logarithm of the others' number.
    biases[target] = Number.isFinite(at) ? Math.log(classes - 1) - slope * at : -Math.sign(at) * BEYOND;
  }
  const changed: [string, Tensor][] = [
    [head.weight, tensor(shape, rows)],
    [head.bias, tensor([classes], biases)],
  ];
  return { model, weights: new Map([...weights, ...changed]) };
}

/** What follows from a client's answers, oldest first. */
export function nextStep(answers: readonly ObservedRound[], tackle: Tackle): Step {
  if (answers.some(({ view }) => view.kind !== "upload")) {
    return { failed: "uploads are hidden: no client can be asked twice, and one answer isolates nobody" };
  }
  const [honest, ...rest] = answers;
  if (!honest) return { ask: { kind: "honest" } };
  if (answers.length > tackle.queries) return { failed: `no sample was isolated within ${tackle.queries} queries` };
  const targets = classesToTry(honest, tackle.batchSize);
  const asked: { readonly target: number; readonly head: HeadGradient; readonly samples: number }[] = [];
  for (const [position, target] of targets.entries()) {
    const answer = rest[position];
    if (!answer) return { ask: { kind: "class", target } };
    const head = readHead(answer);
    // The target's probability is 0, so that each of its samples adds -1/n.
    const samples = Math.round(-tackle.batchSize * biasOf(head)[target]!);
    if (samples === 1) return { caught: { target, payload: answer.payload, answer } };
    if (samples > 1) asked.push({ target, head, samples });
  }
  const [smallest] = asked.sort((a, b) => a.samples - b.samples);
  if (!smallest) return { failed: "none of the classes that were asked for has a sample in the batch" };
  return cut(smallest, rest.slice(targets.length), tackle);
}

/** Classes with one sample as far as the honest answer tells, else the one with the fewest. */
function classesToTry(honest: ObservedRound, batchSize: number): number[] {
  const counts = new Map<number, number>();
  for (const label of recoverLabels(honest, batchSize).values) counts.set(label, (counts.get(label) ?? 0) + 1);
  const rarest = [...counts].sort(([, a], [, b]) => a - b);
  const single = rarest.filter(([, count]) => count === 1).slice(0, TRIES);
  return (single.length > 0 ? single : rarest.slice(0, 1)).map(([target]) => target);
}

interface Cut {
  readonly at: number;
  readonly answer: ObservedRound;
  readonly head: HeadGradient;
}

/**
 * Halves the range along one direction of features until a single sample lies in it. Between two cuts z_t passes from above to below a sample's other logits, so that
 * its p_t - y_t falls by one whatever its class: the answers' difference holds just the samples between the cuts.
 */
function cut(
  { target, head }: { readonly target: number; readonly head: HeadGradient },
  answers: readonly ObservedRound[],
  { batchSize, sharpness, others }: Tackle,
): Step {
  const share = biasOf(head)[target]!;
  const means = rowOf(head, target).map((value) => value / share);
  const largest = means.indexOf(Math.max(...means));
  const direction = Float64Array.from(means, (mean, i) => Math.sign(mean) * (i === largest ? 1 : others));
  const mean = dot(direction, means);
  const slope = sharpness / mean;
  if (!(mean > 0)) return { failed: "the target class's samples have no positive feature to cut" };
  const query = (at: number) => ({ kind: "cut" as const, target, direction, slope, at });
  const at = (position: number, where: number): Cut | null => {
    const answer = answers[position];
    return answer ? { at: where, answer, head: readHead(answer) } : null;
  };
  let high = at(0, Number.POSITIVE_INFINITY);
  if (!high) return { ask: query(Number.POSITIVE_INFINITY) };
  let low = at(1, Number.NEGATIVE_INFINITY);
  if (!low) return { ask: query(Number.NEGATIVE_INFINITY) };
  const between = (a: Cut, b: Cut) => batchSize * (biasOf(a.head)[target]! - biasOf(b.head)[target]!);
  for (let position = 2; ; position++) {
    const count = between(low, high);
    if (Math.abs(count - 1) < WHOLE) {
      return { caught: { target, payload: answers[0]!.payload, answer: high.answer, below: low.answer } };
    }
    const column = (side: Cut) => dot(rowOf(side.head, target), direction);
    const middle = (column(low) - column(high)) / (biasOf(low.head)[target]! - biasOf(high.head)[target]!);
    if (!(middle > low.at && middle < high.at)) return { failed: "several samples have the same features" };
    const split = at(position, middle);
    if (!split) return { ask: query(middle) };
    const [under, over] = [between(low, split), between(split, high)];
    const whole = (value: number) => value > WHOLE && Math.abs(value - Math.round(value)) < WHOLE;
    const lower = whole(under) === whole(over) ? under <= over : whole(under);
    if (lower) high = split;
    else low = split;
  }
}

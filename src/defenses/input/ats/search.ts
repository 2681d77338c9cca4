// The search of ATS (Gao et al. 2021; spec/defenses.md 15): random policies of up to three operations, those kept that an untrained net can
// still tell apart, ranked by how little the gradients of a partly trained net lead to the pictures.
import { type Batch, readRows } from "../../../data/dataset.js";
import type { Normalization } from "../../../data/normalization.js";
import type { Backend } from "../../../engine/backends/backend.js";
import type { Payload } from "../../../federated/hooks.js";
import type { Trainer } from "../../../federated/training.js";
import type { Random } from "../../../math/random.js";
import { transformPixels } from "./pixels.js";
import { library, type Policy } from "./policies.js";
import { accuracyScore, privacyScore, rowsByClass, sampleOf } from "./scores.js";

export interface PolicySearch {
  /** A net after a part of its training, for S_pri. */
  readonly trained: Payload;
  /** The same net before it, for S_acc. */
  readonly fresh: Payload;
  /** Pictures of one's own or a surrogate's, as the model sees them, some of every class. */
  readonly pictures: Batch;
  readonly normalization: Normalization | null;
  /** Policies that are tried (authors: 1600). */
  readonly candidates: number;
  /** Pictures of every class for S_pri (authors: 5). */
  readonly perClass: number;
  /** Mini-batches for S_acc (authors: 10), each of one picture per class among `PICTURES_DRAWN`. */
  readonly batches: number;
  /** Least mean S_acc (authors: -85, for about 63 classes in a batch). */
  readonly leastAccuracy: number;
}

export interface JudgedPolicy {
  readonly policy: Policy;
  /** Mean and variance over classes; lower is more private. */
  readonly privacy: { readonly mean: number; readonly variance: number };
  readonly accuracy: number;
}

/** What the mean of S_pri weighs against its variance (authors' later code). */
const ALPHA = 0.7;
/** The authors draw 100 pictures and keep the first of every class. */
const PICTURES_DRAWN = 100;
const LONGEST = 3;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));

/** Entries from the library or none; the authors' draw reaches one past its end, ours does not. */
const drawPolicy = (random: Random): Policy =>
  Array.from({ length: LONGEST }, () => random.integer(library.length + 1) - 1).filter((entry) => entry >= 0);

async function judge(policy: Policy, search: PolicySearch, random: Random, trainer: Trainer, backend: Backend) {
  const { trained, fresh, pictures, normalization, perClass, batches } = search;
  const transform = (batch: Batch, name: string) =>
    transformPixels(batch, normalization, [policy], null, random.split(name));
  const accuracies: number[] = [];
  for (let number = 0; number < batches; number++) {
    const rows = pictures.labels.map((_, row) => row);
    const drawn = readRows(pictures, random.split("batch", number).shuffle(rows).slice(0, PICTURES_DRAWN));
    const distinct = readRows(drawn, rowsByClass(drawn, 1).flat());
    accuracies.push(await accuracyScore(fresh, transform(distinct, `accuracy ${number}`), backend));
  }
  const accuracy = mean(accuracies);
  // The dearer score is spared where the cheaper one decides.
  if (accuracy < search.leastAccuracy) return null;
  const ofClass: number[] = [];
  for (const rows of rowsByClass(pictures, perClass)) {
    const scores: number[] = [];
    for (const row of rows) {
      const seen = transform(sampleOf(pictures, row), `privacy ${row}`);
      scores.push((await privacyScore(trained, seen, normalization, random.split("noise", row), trainer)).score);
    }
    ofClass.push(mean(scores));
  }
  return { policy, accuracy, privacy: { mean: mean(ofClass), variance: variance(ofClass) } };
}

/** From 0 for the least to 1 for the largest. */
function scaled(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (high === low ? 0 : (value - low) / (high - low)));
}

/** The policies that pass, best first. Throws the signal's reason on abort. */
export async function searchPolicies(
  search: PolicySearch,
  random: Random,
  { trainer, backend, signal }: { readonly trainer: Trainer; readonly backend: Backend; readonly signal: AbortSignal },
): Promise<JudgedPolicy[]> {
  const passed: JudgedPolicy[] = [];
  for (let number = 0; number < search.candidates; number++) {
    signal.throwIfAborted();
    const policy = drawPolicy(random.split("policy", number));
    // The same draws for all, so that policies differ and not the luck of their batches.
    const judged = await judge(policy, search, random.split("judge"), trainer, backend);
    if (judged) passed.push(judged);
  }
  const means = scaled(passed.map(({ privacy }) => privacy.mean));
  const variances = scaled(passed.map(({ privacy }) => privacy.variance));
  const rank = passed.map((judged, i) => ({ judged, value: ALPHA * means[i]! + (1 - ALPHA) * variances[i]! }));
  return rank.sort((a, b) => a.value - b.value).map(({ judged }) => judged);
}

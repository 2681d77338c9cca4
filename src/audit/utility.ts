// What a defense costs, as a cell shows it: accuracy of short trainings with and without it, seed by seed, beside its receipt.
import type { CellJson, TrainingJson, UtilityJson } from "./audit-json.js";
import type { CaseResult } from "./case.js";
import type { PlannedCell } from "./plan.js";
import type { TrainingResult, TrainingSpec } from "./training.js";

/** What came of the trainings that ended, by key; an Error says why one failed. */
export type TrainingOutcomes = Map<string, TrainingResult | Error>;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Accuracy after the last round, mean over seeds. */
export const lastAccuracy = ({ seeds }: TrainingResult): number =>
  mean(seeds.map(({ accuracies }) => accuracies.at(-1)!));

/** Standard errors above chance from which a training counts as having learned something. */
const LEARNED_ERRORS = 2;

/** Both trainings over the rounds and seeds that both got to. */
export function compareTrainings(
  { federation, seeds }: TrainingSpec,
  defended: TrainingResult,
  plain: TrainingResult,
): TrainingJson {
  const rounds = Math.min(...[...defended.seeds, ...plain.seeds].map(({ accuracies }) => accuracies.length));
  const after = (result: TrainingResult) => result.seeds.map(({ accuracies }) => accuracies[rounds - 1]!);
  const [withIt, without] = [after(defended), after(plain)];
  const drops = without.map((accuracy, i) => accuracy - withIt[i]!);
  const chance = mean(plain.seeds.map((each) => each.chance));
  const error = Math.sqrt((chance * (1 - chance)) / (plain.heldOut * seeds.length));
  return {
    algorithm: federation.algorithm,
    rounds,
    clients: federation.clients,
    samples: plain.samples,
    batchSize: plain.batchSize,
    learningRate: federation.learningRate,
    heldOut: plain.heldOut,
    seeds: [...seeds],
    with: withIt,
    without,
    drop: { mean: mean(drops), deviation: deviation(drops) },
    chance,
    learned: mean(without) > chance + LEARNED_ERRORS * error,
    bytes: defended.bytes,
    bytesWithout: plain.bytes,
    seconds: defended.secondsPerRound,
    secondsWithout: plain.secondsPerRound,
  };
}

/** Of a sample; null for a single value. */
function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** The cost of a cell's defense; nothing for a cell without one, or where nothing is known of it. */
export function utilityOf(
  { utility }: Pick<PlannedCell, "utility">,
  receipt: CaseResult["receipt"],
  trained: TrainingOutcomes,
): Pick<CellJson, "utility"> {
  const compared = utility ? comparison(utility, trained) : "it was not asked for (utility: false)";
  const training = typeof compared === "string" ? null : compared;
  if (!receipt && !training) return {};
  const { distortion, cosine, bytes, bytesWithout, seconds } = receipt ?? {
    distortion: null,
    cosine: null,
    bytes: training!.bytes,
    bytesWithout: training!.bytesWithout,
    seconds: 0,
  };
  const told: UtilityJson = {
    accuracyWith: training && mean(training.with),
    accuracyWithout: training && mean(training.without),
    distortion,
    cosine,
    bytes,
    bytesWithout,
    seconds,
    ...(training ? { training } : { reason: compared as string }),
  };
  return { utility: told };
}

/** A comparison, or why there is none. */
function comparison(pair: NonNullable<PlannedCell["utility"]>, trained: TrainingOutcomes): TrainingJson | string {
  const [defended, plain] = [trained.get(pair.with.key), trained.get(pair.without.key)];
  if (!defended || !plain) return "the audit was stopped before the training ended";
  if (plain instanceof Error) return `the training without a defense failed: ${plain.message}`;
  if (defended instanceof Error) return `the training with the defense failed: ${defended.message}`;
  return compareTrainings(pair.with.spec, defended, plain);
}

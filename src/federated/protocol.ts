// The rules of a federation as a value: how clients train, who takes part, how uploads are averaged (spec/defenses.md 0.2). They stay the
// same from round to round; an attack or a defense never changes them.
import type { Normalization } from "../data/normalization.js";
import type { Mode } from "../models/define.js";
import type { AttachedDefense } from "./hooks.js";
import { type CohortRule, checkCohort } from "./sampling.js";

/** One gradient of one batch. */
export interface FedSgd {
  readonly kind: "FedSGD";
  readonly batchSize: number;
}

/** Local epochs of SGD as torch.optim.SGD has it; every epoch's last mini-batch may be smaller. */
export interface FedAvg {
  readonly kind: "FedAvg";
  readonly batchSize: number;
  readonly localEpochs: number;
  readonly learningRate: number;
  readonly momentum: number;
  /** L2 penalty, added to the gradient before momentum. */
  readonly weightDecay: number;
}

export type Algorithm = FedSgd | FedAvg;

export interface Protocol {
  readonly algorithm: Algorithm;
  readonly cohort: CohortRule;
  /** `train`: clients normalise by their batches and keep running statistics. `eval`: by those that the server sent. */
  readonly mode: Mode;
  /** What becomes of running statistics in train mode: uploaded and averaged, or kept to the client. */
  readonly statistics: "shared" | "hidden";
  /** `fresh`: a new draw (FedSGD) or order (FedAvg) every time. `fixed`: the data in the order given, its head for FedSGD. */
  readonly batches: "fresh" | "fixed";
  /** Shares of the clients in the average: their sample counts, or all the same. */
  readonly weighting: "samples" | "equal";
  /** Probability that an upload gets lost between C10 and S3. */
  readonly dropout: number;
  /** The server's step along the average of gradients (FedSGD) or of pseudo-gradients (FedAvg, where 1 averages models). */
  readonly serverLearningRate: number;
  /** What clients did to their pixels, so that a defense can work on pictures; null for nothing. */
  readonly normalization: Normalization | null;
  readonly defenses: readonly AttachedDefense[];
}

/** FedSGD on single samples with everybody taking part; a protocol is mostly these with a few fields of its own. */
export const plainProtocol: Protocol = {
  algorithm: { kind: "FedSGD", batchSize: 1 },
  cohort: { kind: "all" },
  mode: "eval",
  statistics: "hidden",
  batches: "fresh",
  weighting: "samples",
  dropout: 0,
  serverLearningRate: 0.1,
  normalization: null,
  defenses: [],
};

/** Throws RangeError naming the first number that is out of range. */
export function checkProtocol({ algorithm, cohort, dropout, serverLearningRate }: Protocol): void {
  const fail = (name: string, range: string, value: number) => {
    throw new RangeError(`a federation's ${name} is ${range}, got ${value}`);
  };
  const whole = (name: string, value: number) => {
    if (!Number.isInteger(value) || value < 1) fail(name, "a whole number of 1 or more", value);
  };
  whole("batchSize", algorithm.batchSize);
  if (algorithm.kind === "FedAvg") {
    const { localEpochs, learningRate, momentum, weightDecay } = algorithm;
    whole("localEpochs", localEpochs);
    if (!(learningRate > 0)) fail("learningRate", "above 0", learningRate);
    if (!(momentum >= 0 && momentum < 1)) fail("momentum", "from 0 to below 1", momentum);
    if (!(weightDecay >= 0)) fail("weightDecay", "0 or more", weightDecay);
  }
  if (!(dropout >= 0 && dropout <= 1)) fail("dropout", "a probability", dropout);
  if (!(serverLearningRate > 0)) fail("serverLearningRate", "above 0", serverLearningRate);
  checkCohort(cohort);
}

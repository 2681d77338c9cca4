// What a detector is: a client's look at a received model (spec/defenses.md section 22). It measures; thresholds, where they come from
// and how often honest models reach them stand beside it as data, so that the verdict is made in one place.
import { z } from "zod";
import type { Statistics } from "../../federated/batch-statistics.js";
import type { Payload, Update, Verdict } from "../../federated/hooks.js";
import type { Model } from "../../models/define.js";
import { type Defense, defineDefense } from "../define.js";

/** What a client knows besides the payload. Detectors whose part is missing are skipped, and say so. */
export interface InspectionContext {
  /** The architecture that everybody agreed on. */
  readonly agreed?: Model;
  /** Earlier payloads, oldest first. */
  readonly history?: readonly Payload[];
  /** What the client's own batch does on the payload (`gatherEvidence`). */
  readonly local?: LocalEvidence;
}

/** A model's answer to the client's own batch. */
export interface Answer {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Gradient of the mean loss. */
  readonly update: Update;
}

export interface LocalEvidence extends Answer {
  /** Gradient of every sample's own loss, in batch order. */
  readonly perSample: readonly Update[];
  /** Mean and variance of the batch per channel, by the name of the BatchNorm layer. */
  readonly batchStatistics: Statistics;
  /** Answers of earlier payloads to the same batch, oldest first. */
  readonly past: readonly Answer[];
  /** Gradients per sample on fresh weights of the same shape: what the shape alone gives away. */
  readonly fresh: readonly Update[];
}

/** From grave to slight: refuse the payload, send a clean zero or a noised update instead of the honest one, tell the user. */
export const actions = ["reject", "quarantine", "warn"] as const;
export type Action = (typeof actions)[number];

/** One figure of a detector and when it raises the alarm. */
export interface Criterion {
  /** What the score is, as the subject of a sentence. */
  readonly score: string;
  readonly flags: "above" | "below";
  readonly threshold: number;
  /** Where the threshold comes from: read in published code, chosen in spec/defenses.md, derived there or here, or measured here. */
  readonly basis: "code" | "spec" | "derived" | "measured";
  /** Honest models that raised the alarm, of those measured (test/proofs/detection.proof.ts); null where no model was measured. */
  readonly falseAlarms: { readonly alarms: number; readonly models: number } | null;
}

/** A criterion's score at one place of the payload. NaN says that there was nothing to measure. */
export interface Reading {
  readonly score: number;
  /** Tensor, layer or sample. */
  readonly where: string;
  /** What else the user should read. */
  readonly detail?: string;
}

/** By criterion, all places that were looked at; the gravest counts. */
export type Readings<Name extends string> = Partial<Record<Name, readonly Reading[]>>;

export interface Detector<Name extends string = string> {
  readonly id: string;
  /** As spec/defenses.md numbers it. */
  readonly number: string;
  readonly title: string;
  readonly summary: string;
  readonly source: string;
  readonly action: Action;
  readonly criteria: Readonly<Record<Name, Criterion>>;
  /** What it cannot see, for the report. */
  readonly limits: string;
  /** Measures the payload, or says in half a sentence what it would need. */
  measure(payload: Payload, context: InspectionContext): Readings<Name> | string;
}

/** Keeps the names of the criteria, so that `measure` can give no others. */
export const defineDetector = <Name extends string>(detector: Detector<Name>): Detector<Name> => detector;

export interface Measured extends Reading {
  readonly criterion: string;
  readonly flags: Criterion["flags"];
  readonly threshold: number;
  readonly flagged: boolean;
}

/** What one detector found. */
export interface Inspection {
  readonly detector: string;
  readonly action: Action;
  /** The criterion nearest to its alarm, or farthest beyond it; null when the detector was skipped. */
  readonly criterion: string | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly flagged: boolean;
  /** One sentence: what was found and where, or why nothing was looked at. */
  readonly report: string;
  readonly readings: readonly Measured[];
}

/** Ratios whose denominator vanishes would be infinite, which no JSON holds. */
const HIGHEST_SCORE = 1e12;

/** Lets `detector` look at `payload`. */
export function inspectWith(detector: Detector, payload: Payload, context: InspectionContext = {}): Inspection {
  const { id, action, criteria } = detector;
  const readings = detector.measure(payload, context);
  const skipped = { detector: id, action, criterion: null, score: null, threshold: null, flagged: false, readings: [] };
  if (typeof readings === "string") return { ...skipped, report: `skipped: ${readings}` };
  const measured = Object.entries(readings).flatMap(([name, places = []]) =>
    gravest(places.filter(({ score }) => !Number.isNaN(score)).map((place) => judge(name, criteria[name]!, place))),
  );
  const [top] = gravest(measured);
  if (!top) return { ...skipped, report: "skipped: the model has no layer of the kind that it looks at" };
  const { criterion, score, threshold, flagged } = top;
  const report = sentence(criteria, top);
  return { detector: id, action, criterion, score, threshold, flagged, report, readings: measured };
}

/** The one farthest beyond its limit, or nearest to it; none of none. */
const gravest = (all: readonly Measured[]): Measured[] =>
  all.length === 0 ? [] : [all.reduce((top, each) => (excess(each) > excess(top) ? each : top))];

function judge(criterion: string, { flags, threshold }: Criterion, reading: Reading): Measured {
  const score = Math.max(-HIGHEST_SCORE, Math.min(HIGHEST_SCORE, reading.score));
  const flagged = flags === "above" ? score > threshold : score < threshold;
  return { ...reading, score, criterion, flags, threshold, flagged };
}

/** Above 1 when flagged, below 0 when not; comparable between criteria whose scores differ by orders of magnitude. */
function excess({ score, threshold, flags, flagged }: Measured): number {
  const size = Math.abs(threshold) + Math.abs(score);
  if (size === 0) return -1;
  const beyond = (flags === "above" ? score - threshold : threshold - score) / size;
  return flagged ? 1 + beyond : beyond;
}

function sentence(criteria: Readonly<Record<string, Criterion>>, found: Measured): string {
  const { criterion, score, flagged, flags, threshold, where, detail } = found;
  const figure = Number(score.toPrecision(4));
  const verdict = flagged ? `${flags} the limit of ${threshold}` : `within the limit of ${threshold}`;
  return `${criteria[criterion]!.score} is ${figure} at ${where}, ${verdict}${detail ? `; ${detail}` : ""}`;
}

/** A detector that needs nothing but the payload, as a defense that acts at hook C0. */
export function asDefense(detector: Detector): Defense {
  const { id, title, summary, source, action } = detector;
  return defineDefense({
    ...{ id, title, summary, source },
    at: "detection",
    family: "heuristic",
    stage: "detection",
    needs: [],
    randomness: "none",
    options: z.object({}),
    advice: `look at every received model before training on it, and ${action} it on an alarm (\`leakscope inspect\`)`,
    hooks: () => ({ vetPayload: (payload, history) => verdictOf(inspectWith(detector, payload, { history })) }),
  });
}

/** An inspection as hook C0 wants it. A warning does not stop the round. */
export const verdictOf = ({ flagged, action, report }: Inspection): Verdict => ({
  action: flagged && action !== "warn" ? action : "accept",
  report,
});

// A proof of an attack as cases, one per arm and seed, and its bars against what they measured (attacks/define.ts).
import type { Attack, Bar, Proof } from "../attacks/define.js";
import { weakestThreat } from "../threat/capabilities.js";
import type { CaseResult, CaseSpec } from "./case.js";
import type { Catalogue } from "./catalogue.js";
import { configSchema } from "./config.js";
import { embedded } from "./content.js";
import { caseKey } from "./key.js";
import type { PlannedCase } from "./plan.js";
import { recordsPerFederation } from "./protocol.js";
import { chooseMetric } from "./score.js";

export type AnyProof = Attack["proofs"][number];

export interface ProofCase {
  readonly arm: string;
  readonly seed: number;
  readonly case: PlannedCase;
}

export interface ProofSettings {
  readonly backend: string;
  readonly code: string;
  /** In place of the proof's own data. */
  readonly data?: Readonly<Record<string, unknown>> & { readonly source: string };
  /** In place of the proof's own number of seeds. */
  readonly seeds?: number;
}

const LABELS = "labels";
/** A proof takes what it takes. */
const BUDGET_SECONDS = 7200;

/** Pictures that everybody has. */
const everybodys = { source: "photos" } as const;

/** The data that a proof runs on. */
export const dataOf = (proof: AnyProof, { data }: Pick<ProofSettings, "data">) =>
  data ?? proof.setting.data ?? everybodys;

/** Every case of a proof. Throws RangeError when an arm or bar names what there is not. */
export function proofCases(
  attack: Attack,
  proof: AnyProof,
  catalogue: Catalogue,
  settings: ProofSettings,
): ProofCase[] {
  for (const { arm, minus } of proof.bars) {
    for (const name of [arm, ...(minus === undefined ? [] : [minus])]) {
      if (!proof.arms[name]) throw new RangeError(`proof ${attack.id}/${proof.id} has no arm "${name}"`);
    }
  }
  const first = proof.seed ?? 1;
  const seeds = Array.from({ length: settings.seeds ?? proof.seeds }, (_, i) => first + i);
  return Object.keys(proof.arms).flatMap((arm) =>
    seeds.map((seed) => {
      const spec = specOf(attack, proof, arm, seed, seed - first, catalogue, settings);
      return { arm, seed, case: { spec, key: caseKey(spec, settings.code) } };
    }),
  );
}

function specOf(
  own: Attack,
  proof: AnyProof,
  name: string,
  seed: number,
  number: number,
  catalogue: Catalogue,
  settings: ProofSettings,
): CaseSpec {
  const arm = proof.arms[name]!;
  const setting = { ...proof.setting, ...arm.setting };
  const attack = arm.attack ? catalogue.attacks.get(arm.attack.id) : own;
  if (!attack) throw new RangeError(`proof ${own.id}/${proof.id}: there is no attack "${arm.attack!.id}"`);
  const defense = arm.defense ? catalogue.defenses.get(arm.defense.id) : null;
  if (defense === undefined) throw new RangeError(`proof ${own.id}/${proof.id}: no defense "${arm.defense!.id}"`);
  const { model, classes, batchSize, federation, labels, from = 0, surrogate } = setting;
  const played = { batchSize, ...federation };
  const count =
    setting.records ?? recordsPerFederation(configSchema.parse({ federation: played }).federation, batchSize);
  const metrics = [...new Set(proof.bars.map(({ metric }) => metric).filter((metric) => metric !== LABELS))];
  const config = configSchema.parse({
    model: { name: model, ...(classes === undefined ? {} : { classes }) },
    data: {
      ...dataOf(proof, settings),
      records: Array.from({ length: count }, (_, i) => from + number * count + i),
    },
    federation: played,
    labels,
    seed,
    metrics: metrics.length > 0 ? metrics : ["psnr"],
    ...(surrogate ? { surrogate } : {}),
  });
  const options = arm.attack ? arm.attack.options : arm.options;
  return {
    model: config.model,
    data: config.data,
    surrogate: config.surrogate,
    federation: config.federation,
    labels,
    metrics: config.metrics,
    originals: "omit",
    seed,
    budgetSeconds: BUDGET_SECONDS,
    threat: weakestThreat(attack.needs) ?? "H",
    attack: { id: attack.id, options: attack.options.parse(options ?? {}) },
    defense: defense ? { id: defense.id, options: defense.options.parse(arm.defense!.options ?? {}) } : null,
    adaptive: arm.adaptive ?? false,
    backend: settings.backend,
    content: embedded,
  };
}

/**
 * What a bar measures over the results of the arms, all seeds and images together. An image without a figure counts as one that gave nothing
 * away: the end of the metric's range.
 */
export function measureBar(
  { arm, minus, metric, over, op }: Bar,
  results: ReadonlyMap<string, readonly CaseResult[]>,
  { metrics }: Pick<Catalogue, "metrics">,
): number {
  const of = (name: string) =>
    summary(figuresOf(results.get(name) ?? [], metric, metrics), over, op, isHigherMore(metric, metrics));
  return minus === undefined ? of(arm) : of(arm) - of(minus);
}

const isHigherMore = (metric: string, metrics: Catalogue["metrics"]): boolean =>
  metric === LABELS || chooseMetric(metric, metrics).metric.moreLeakage === "higher";

function figuresOf(results: readonly CaseResult[], metric: string, metrics: Catalogue["metrics"]): number[] {
  if (metric === LABELS) return results.map(({ labels }) => labels?.accuracy ?? 0);
  const { range, moreLeakage } = chooseMetric(metric, metrics).metric;
  const nothing = moreLeakage === "higher" ? range[0] : range[1];
  return results.flatMap(({ scores }) => scores[metric]!.perImage.map((value) => value ?? nothing));
}

function summary(figures: readonly number[], over: Bar["over"], op: Bar["op"], higherIsMore: boolean): number {
  if (figures.length === 0) throw new RangeError("a bar needs a figure: no image was attacked");
  const sorted = [...figures].sort((a, b) => a - b);
  const last = sorted.length - 1;
  if (over === "mean") return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  if (over === "median") return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2;
  if (over === "best") return higherIsMore ? sorted[last]! : sorted[0]!;
  if (over === "worst") return higherIsMore ? sorted[0]! : sorted[last]!;
  const reached = Math.max(1, Math.ceil(over.share * figures.length - 1e-9)) - 1;
  return op === ">=" ? sorted[last - reached]! : sorted[reached]!;
}

export const holds = ({ op, value }: Bar, measured: number): boolean =>
  op === ">=" ? measured >= value : measured <= value;

/** "psnr of attack, mean: >= 20"; with `minus`, how far it is above. */
export function describeBar({ arm, minus, metric, over, op, value }: Bar): string {
  const what = typeof over === "string" ? over : `${Math.round(100 * over.share)} % of images`;
  const whose = minus === undefined ? arm : `${arm} minus ${minus}`;
  return `${metric} of ${whose}, ${what}: ${op} ${value}`;
}

/** The proofs that run unless all are asked for. */
export const quickProofs = ({ proofs }: Attack): readonly Proof<Record<string, unknown>>[] =>
  proofs.filter(({ quick }) => quick);

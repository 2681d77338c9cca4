// A proof of an attack as cases, one per arm and seed, and its bars against what they measured (attacks/define.ts).
import type { Attack, Bar, Proof } from "../attacks/define.js";
import { weakestThreat } from "../threat/capabilities.js";
import type { CaseResult, CaseSpec } from "./case.js";
import type { Catalogue } from "./catalogue.js";
import { configSchema } from "./config.js";
import { contentOf } from "./content.js";
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

/** The data that a proof runs on; an arm may have its own. */
export const dataOf = ({ setting }: AnyProof, { data }: Pick<ProofSettings, "data">) =>
  data ?? setting.data ?? everybodys;

/** Every case of a proof. Rejects with RangeError when an arm or bar names what there is not, and with DataError for files that cannot be read. */
export async function proofCases(
  attack: Attack,
  proof: AnyProof,
  catalogue: Catalogue,
  settings: ProofSettings,
): Promise<ProofCase[]> {
  for (const { arm, minus } of proof.bars) {
    for (const name of [arm, ...(minus === undefined ? [] : [minus])]) {
      if (!proof.arms[name]) throw new RangeError(`proof ${attack.id}/${proof.id} has no arm "${name}"`);
    }
  }
  const first = proof.seed ?? 1;
  const seeds = Array.from({ length: settings.seeds ?? proof.seeds }, (_, i) => first + i);
  const arms = Object.keys(proof.arms).map(async (arm) => {
    const specs = seeds.map((seed, number) => specOf(attack, proof, arm, seed, number, catalogue, settings));
    // Seeds of an arm read the same files.
    const content = await contentOf(specs[0]!);
    return specs.map((each): ProofCase => {
      const spec = { ...each, content };
      return { arm, seed: spec.seed, case: { spec, key: caseKey(spec, settings.code) } };
    });
  });
  return (await Promise.all(arms)).flat();
}

function specOf(
  own: Attack,
  proof: AnyProof,
  name: string,
  seed: number,
  number: number,
  catalogue: Catalogue,
  settings: ProofSettings,
): Omit<CaseSpec, "content"> {
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
      ...(arm.setting?.data ?? dataOf(proof, settings)),
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

/** What a bar measures over each seed alone. */
export function measureSeeds(
  bar: Bar,
  results: ReadonlyMap<string, readonly CaseResult[]>,
  catalogue: Pick<Catalogue, "metrics">,
): number[] {
  return (results.get(bar.arm) ?? []).map((_, i) =>
    measureBar(bar, new Map([...results].map(([arm, ofArm]) => [arm, ofArm.slice(i, i + 1)])), catalogue),
  );
}

/** What the same bar measures of guesses made without any update; null where a guess says nothing, as of a distance between two arms. */
export function measureFloor(
  bar: Bar,
  results: ReadonlyMap<string, readonly CaseResult[]>,
  catalogue: Pick<Catalogue, "metrics">,
): number | null {
  const ofArm = results.get(bar.arm) ?? [];
  if (bar.minus !== undefined || !ofArm.every(({ floor }) => floor[bar.metric])) return null;
  return measureBar(bar, new Map([[bar.arm, ofArm.map((result) => ({ ...result, scores: result.floor }))]]), catalogue);
}

/** Images without a figure in the arms of a bar. */
export function missingFigures(
  { arm, minus, metric }: Bar,
  results: ReadonlyMap<string, readonly CaseResult[]>,
): number {
  const arms = minus === undefined ? [arm] : [arm, minus];
  const figures = arms.flatMap((name) =>
    (results.get(name) ?? []).flatMap(({ scores, labels }) =>
      metric === LABELS ? [labels?.accuracy ?? null] : scores[metric]!.perImage,
    ),
  );
  return figures.filter((figure) => figure === null).length;
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

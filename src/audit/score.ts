// The only place where truth meets reconstruction: clamp, match within each batch, apply metrics, and set the floor beside them.
import type { Image, Metric, MetricValue, ScoreInput } from "../metrics/define.js";
import { clampImage } from "../metrics/image.js";
import { matchBatch } from "../metrics/match.js";
import type { ScoreJson } from "./audit-json.js";
import type { Guess } from "./floor.js";

/** A metric and one of its variants, as in `ssim` or `ssim/uniform7-sample`. */
export interface ChosenMetric {
  readonly metric: Metric;
  readonly variant: string;
}

/** Looks up `id` or `id/variant`. Throws RangeError that lists what exists. */
export function chooseMetric(name: string, metrics: ReadonlyMap<string, Metric>): ChosenMetric {
  const [id, ...rest] = name.split("/");
  const metric = metrics.get(id!);
  if (!metric) throw new RangeError(`unknown metric "${name}"; there are ${[...metrics.keys()].join(", ")}`);
  const variant = rest.join("/") || metric.defaultVariant;
  if (!metric.variants[variant]) {
    throw new RangeError(
      `metric ${id} has no variant "${variant}"; there are ${Object.keys(metric.variants).join(", ")}`,
    );
  }
  return { metric, variant };
}

/** Originals with the reconstruction that was matched to each, or null. */
export interface Matched {
  readonly original: Image;
  readonly record: number;
  readonly reconstruction: Image | null;
}

/** Matches one batch; an original that no candidate was given for stays alone. */
export function matchRecords(
  candidates: readonly Image[],
  originals: readonly Image[],
  records: readonly number[],
): Matched[] {
  const clamped = candidates.map(clampImage);
  const partner = new Map(
    matchBatch(clamped, originals).pairs.map((pair) => [pair.original, clamped[pair.reconstruction]!]),
  );
  return originals.map((original, i) => ({ original, record: records[i]!, reconstruction: partner.get(i) ?? null }));
}

const nothing: MetricValue = { value: null, reason: "the attack gave no reconstruction for this image" };

/** One figure per matched original. */
export async function scoreMatched(
  { metric, variant }: ChosenMetric,
  matched: readonly Matched[],
  gallery: NonNullable<ScoreInput["gallery"]>,
): Promise<MetricValue[]> {
  const present = matched.filter(({ reconstruction }) => reconstruction !== null);
  const figures = await metric.variants[variant]!.score({
    reconstructions: present.map(({ reconstruction }) => reconstruction!),
    originals: present.map(({ original }) => original),
    records: present.map(({ record }) => record),
    gallery,
  });
  let next = 0;
  return matched.map(({ reconstruction }) => (reconstruction === null ? nothing : figures[next++]!));
}

/** Per image the figure of the guess that leaks most by this metric. All are scored at once, so that a search reads its gallery once. */
export async function scoreFloor(
  chosen: ChosenMetric,
  matched: readonly Matched[],
  guesses: readonly Guess[],
  gallery: NonNullable<ScoreInput["gallery"]>,
): Promise<MetricValue[]> {
  const pictures = guesses.map(({ image }) => clampImage(image));
  const guessed = matched.flatMap((entry) => pictures.map((reconstruction) => ({ ...entry, reconstruction })));
  const figures = await scoreMatched(chosen, guessed, gallery);
  return matched.map((_, i) =>
    figures
      .slice(i * pictures.length, (i + 1) * pictures.length)
      .reduce((best, figure) => worse(chosen.metric, best, figure)),
  );
}

/** The figure that means more leakage; a defined one beats an undefined one. */
function worse({ moreLeakage }: Metric, a: MetricValue, b: MetricValue): MetricValue {
  if (a.value === null) return b;
  if (b.value === null) return a;
  return (moreLeakage === "higher" ? b.value > a.value : b.value < a.value) ? b : a;
}

/** Figures of one metric over the images of a case, as they stand in audit.json. */
export function summarise({ metric, variant }: ChosenMetric, figures: readonly MetricValue[]): ScoreJson {
  const finite = figures.flatMap((figure) => (figure.value === null ? [] : [figure.value]));
  const exact = figures.filter((figure) => figure.value !== null && figure.exact).length;
  const reasons = [...new Set(figures.flatMap((figure) => (figure.value === null ? [figure.reason] : [])))];
  const note = figures.find((figure) => figure.value !== null && figure.note !== undefined);
  const extreme = metric.moreLeakage === "higher" ? Math.max : Math.min;
  return {
    variant: `${metric.id}/${variant}`,
    moreLeakage: metric.moreLeakage,
    perImage: figures.map(({ value }) => value),
    mean: finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0) / finite.length,
    best: finite.length === 0 ? null : extreme(...finite),
    ...(exact > 0 ? { exact } : {}),
    ...(reasons.length > 0 ? { reasons } : {}),
    ...(note && note.value !== null && note.note ? { note: note.note } : {}),
  };
}

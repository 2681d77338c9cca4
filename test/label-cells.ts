// The cells of the table in spec/attacks-optimization.md 1.9, for the proof and its quick twin: untrained 3072-256-256-C nets on pictures whose
// labels are drawn at random, and how much of every batch each rule names.
import type { LabelEvidence, Probe } from "../src/attacks/labels/define.js";
import { readHead } from "../src/attacks/labels/head.js";
import { type LabelRuleId, labelRules } from "../src/attacks/labels/index.js";
import { dummyPictures, measureProbe } from "../src/attacks/labels/probe.js";
import dlg from "../src/attacks/optimization/basic/dlg.js";
import { type Batch, type Dataset, readBatch } from "../src/data/dataset.js";
import { createTrainer } from "../src/federated/training.js";
import { createRandom, type Random } from "../src/math/random.js";
import { initialise } from "../src/models/define.js";
import { chain, linear, reluLayer, sigmoidLayer } from "../src/models/layers.js";
import type { ObservedRound } from "../src/threat/observation.js";
import { attackContext, backend, knowledge, observation } from "./small-round.js";

export interface LabelCell {
  readonly activation: "ReLU" | "sigmoid";
  readonly classes: number;
  readonly images: number;
  readonly repeats: boolean;
}

/** Mean share of a batch's labels that were named, and share of batches of which all were. */
export type Shares = readonly [mean: number, exact: number];

/** Columns of the table: a rule, with the pictures that it is shown. The specification has figures for the first six. */
export const columns = {
  yin: { rule: "yin" },
  e2egi: { rule: "e2egi" },
  llg: { rule: "llg" },
  ilrg: { rule: "ilrg" },
  "geng-counts (dummies)": { rule: "geng-counts", probe: "dummies" },
  "geng-counts (surrogate)": { rule: "geng-counts", probe: "surrogate" },
  idlg: { rule: "idlg" },
  "bias-sign": { rule: "bias-sign" },
  "llg-plus": { rule: "llg-plus", probe: "surrogate" },
  "llg-star": { rule: "llg-star", probe: "dummies" },
} as const satisfies Record<string, { rule: LabelRuleId; probe?: Probe["source"] }>;
export type Column = keyof typeof columns;

interface Row extends LabelCell {
  /** The specification's mean shares and shares of exact batches, by the first columns; empty for a row of our own. */
  readonly mean: readonly number[];
  readonly exact: readonly number[];
}

const row = (
  activation: Row["activation"],
  [classes, images]: readonly [number, number],
  repeats: boolean,
  figures: string,
): Row => {
  const [mean = [], exact = []] = figures.split("|").map((part) => part.trim().split(/\s+/).map(Number));
  return { activation, classes, images, repeats, mean, exact };
};

export const rows: readonly Row[] = [
  { activation: "ReLU", classes: 100, images: 1, repeats: false, mean: [], exact: [] },
  row("ReLU", [100, 8], false, "1 1 1 1 1 1 | 1 1 1 1 1 1"),
  row("ReLU", [100, 24], true, ".89 .99 .99 1 .94 .98 | .08 .76 .68 1 .36 .60"),
  row("ReLU", [10, 16], true, ".51 .96 .70 1 .88 .99 | 0 .52 0 1 0 .80"),
  row("ReLU", [10, 64], true, ".16 .86 .55 .99 .93 .98 | 0 0 0 .76 0 .08"),
  row("ReLU", [100, 64], true, ".74 .99 .94 1 .88 .98 | 0 .48 0 1 0 .24"),
  row("sigmoid", [100, 64], true, ".74 .85 .95 1 1 1 | 0 0 0 1 1 1"),
];

/** A cell in words. */
export const cellName = ({ activation, classes, images, repeats }: LabelCell): string =>
  `${activation}, ${classes} classes, ${images === 1 ? "1 image" : `${images} images ${repeats ? "with" : "without"} repeats`}`;

const SURROGATES = 256;
const DUMMIES = 64;

/** Share of `truth` that `named` holds, each label as often as it stands there. */
export function shareNamed(named: readonly number[], truth: readonly number[]): number {
  const left = [...named];
  const hits = truth.filter((label) => {
    const at = left.indexOf(label);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return hits.length / truth.length;
}

function drawLabels({ classes, images, repeats }: LabelCell, random: Random): number[] {
  if (repeats) return Array.from({ length: images }, () => random.integer(classes));
  return random.shuffle(Array.from({ length: classes }, (_, c) => c)).slice(0, images);
}

/** A cell's net, at the weights that the seed decides, and its stream. */
function opened({ activation, classes, images, repeats }: LabelCell, data: Dataset, seed: number) {
  const random = createRandom(seed).split("label cell", activation, classes, images, String(repeats));
  const layer = activation === "ReLU" ? reluLayer : sigmoidLayer;
  const layers = [linear("fc1", 256), layer, linear("fc2", 256), layer];
  const model = chain("mlp-2", data.shape, classes, layers, { name: "fc3" });
  return { random, payload: { model, weights: initialise(model, random.split("net")) } };
}

const halfOf = (data: Dataset) => Math.floor(data.length / 2);

function drawBatchOf(cell: LabelCell, data: Dataset, stream: Random): Batch {
  const records = stream.shuffle(Array.from({ length: halfOf(data) }, (_, i) => i)).slice(0, cell.images);
  return { inputs: readBatch(data, records).inputs, labels: drawLabels(cell, stream) };
}

/**
 * What every rule recovers of `batches` batches at one draw of the net. Batches come from the first half of the records, surrogate pictures from
 * the second. Their labels, too, are drawn at random.
 */
export async function measureCell(
  cell: LabelCell,
  data: Dataset,
  { seed, batches }: { readonly seed: number; readonly batches: number },
): Promise<Record<Column, Shares>> {
  const { random, payload } = opened(cell, data, seed);
  const trainer = createTrainer(backend, "float32");
  const probeWith = (source: Probe["source"], round: ObservedRound) => {
    const stream = random.split("probe", source);
    const records = stream
      .shuffle(Array.from({ length: halfOf(data) }, (_, i) => data.length - 1 - i))
      .slice(0, SURROGATES);
    const labels = records.map(() => stream.integer(cell.classes));
    const shown =
      source === "dummies"
        ? dummyPictures(round, DUMMIES, DUMMIES, stream)
        : { inputs: readBatch(data, records).inputs, labels };
    return measureProbe(source, shown, { backend, round, atOnce: DUMMIES });
  };
  const shares = Object.fromEntries(Object.keys(columns).map((name) => [name, [] as number[]]));
  const probes: Partial<Record<Probe["source"], Probe>> = {};
  try {
    for (let batch = 0; batch < batches; batch++) {
      const { inputs, labels } = drawBatchOf(cell, data, random.split("batch", batch));
      const { update } = await trainer.gradient(payload, { inputs, labels });
      const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
      const seen: LabelEvidence = { round, head: readHead(round), batchSize: cell.images, steps: 1 };
      for (const [name, column] of Object.entries(columns)) {
        const source = "probe" in column ? column.probe : undefined;
        if (source) probes[source] ??= await probeWith(source, round);
        const probe = source && probes[source];
        const named = labelRules[column.rule].recover({ ...seen, ...(probe ? { probe } : {}) });
        shares[name]!.push(shareNamed(named, labels));
      }
    }
  } finally {
    await trainer.dispose();
  }
  return Object.fromEntries(
    Object.entries(shares).map(([name, each]) => [
      name,
      [each.reduce((sum, share) => sum + share, 0) / batches, each.filter((share) => share === 1).length / batches],
    ]),
  ) as unknown as Record<Column, Shares>;
}

/** Share of labels that `joint` finds on a cell's first batch: DLG from one start, with the quick settings of its control. */
export async function measureJoint(cell: LabelCell, data: Dataset, seed: number): Promise<number> {
  const { random, payload } = opened(cell, data, seed);
  const batch = drawBatchOf(cell, data, random.split("batch", 0));
  const trainer = createTrainer(backend, "float32");
  const { update } = await trainer.gradient(payload, batch);
  await trainer.dispose();
  const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
  const options = dlg.options.parse({ calls: 20, starts: 1, history: 20, precision: "float32", target: 1e-7 });
  const seen = observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(cell.images) });
  const found = await dlg.run(
    { observation: seen, prepared: undefined, secret: undefined },
    options,
    attackContext(seed),
  );
  return shareNamed(found.labels!.values, batch.labels);
}

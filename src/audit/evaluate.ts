// Runs one case from its plain data: federation, observation, attack, score. No attack, defense or metric is known here by name but the
// two that define a leak (PSNR and IIP, DESIGN.md section 8).
import type { Attack, AttackContext, Reconstruction } from "../attacks/define.js";
import { type Batch, readBatch } from "../data/dataset.js";
import { pngDataUri } from "../data/png.js";
import { attach } from "../defenses/define.js";
import type { Backend } from "../engine/backends/backend.js";
import type { Payload } from "../federated/hooks.js";
import type { Receipt } from "../federated/receipt.js";
import { type RoundRecord, runRound } from "../federated/round.js";
import { createTrainer } from "../federated/training.js";
import { createRandom, type Random } from "../math/random.js";
import type { Image } from "../metrics/define.js";
import { splitBatch } from "../metrics/image.js";
import { labelAccuracy } from "../metrics/labels.js";
import { grants } from "../threat/capabilities.js";
import { observe } from "../threat/observe.js";
import type { ImageJson } from "./audit-json.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { floorGuesses } from "./floor.js";
import type { JobProgress } from "./interfaces.js";
import { chooseMetric, type Matched, matchRecords, scoreFloor, scoreMatched, summarise } from "./score.js";
import { normalise, openSetting, type Setting } from "./setting.js";

/** PSNR in dB from which an image counts as recovered, and the lead over the floor that makes an identified image a leak. */
export const RECOVERED_DB = 30;
export const LEAD_DB = 3;

export interface EvaluateTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

interface BatchOutcome {
  readonly reconstruction: Reconstruction;
  readonly matched: readonly Matched[];
  readonly labelAccuracy: number | null;
  readonly receipts: readonly Receipt[];
}

const CLIENT = 0;

export async function evaluateCase(spec: CaseSpec, tools: EvaluateTools): Promise<CaseResult> {
  const started = performance.now();
  const { attacks, defenses, metrics } = await loadCatalogue();
  const attack = found(attacks.get(spec.attack.id), "attack", spec.attack.id);
  const defense = spec.defense ? found(defenses.get(spec.defense.id), "defense", spec.defense.id) : null;
  const random = createRandom(spec.seed);
  const setting = await openSetting(spec, random);
  const trainer = createTrainer(tools.backend, "float32");
  const outcomes: BatchOutcome[] = [];
  try {
    const honest: Payload = { model: setting.model, weights: setting.weights };
    const surrogate = normalise(setting.surrogate, setting.normalization);
    const options = attack.options.parse(spec.attack.options);
    const shared = contextFor(spec, tools, random.split("attack"), () => false, 0, 1);
    const prepared = await attack.prepare?.({ payload: honest, surrogate }, options, shared);
    const armed = await attack.arm?.({ payload: honest, prepared }, options, shared);
    for (const [index, records] of setting.batches.entries()) {
      tools.signal.throwIfAborted();
      const truth = readBatch(setting.dataset, records);
      const record = await runRound({
        round: 0,
        clients: [{ id: CLIENT, data: normalise(truth, setting.normalization) }],
        batchSize: spec.federation.batchSize,
        learningRate: spec.federation.learningRate,
        payloadFor: (client) => armed?.payload(0, client, []) ?? honest,
        defenses: defense ? [attach(defense, spec.defense!.options)] : [],
        trainer,
        random: random.split("batch", index),
      });
      const share = (spec.budgetSeconds - (performance.now() - started) / 1000) / (setting.batches.length - index);
      const deadline = performance.now() + 1000 * share;
      const context = contextFor(
        spec,
        tools,
        random.split("attack", index),
        () => performance.now() > deadline,
        index,
        setting.batches.length,
      );
      const observation = lookThrough(spec, attack, setting, record, truth, surrogate);
      const reconstruction = await attack.run({ observation, prepared, secret: armed?.secret }, options, context);
      outcomes.push(judge(reconstruction, truth, records, record));
    }
  } finally {
    await trainer.dispose();
  }
  return collect(
    spec,
    setting,
    metrics,
    random,
    outcomes,
    handedTo(spec, attack),
    (performance.now() - started) / 1000,
  );
}

function found<T>(value: T | undefined, kind: string, id: string): T {
  if (value === undefined) throw new RangeError(`unknown ${kind} "${id}"`);
  return value;
}

/** Capabilities whose content the attack receives under the case's threat model. */
export function handedTo({ threat }: Pick<CaseSpec, "threat">, { needs, uses = [] }: Attack): string[] {
  return [...needs, ...uses.filter((capability) => grants(threat, capability))];
}

function contextFor(
  { attack }: CaseSpec,
  { backend, signal, onProgress }: EvaluateTools,
  random: Random,
  outOfTime: () => boolean,
  index: number,
  batches: number,
): AttackContext {
  return {
    backend,
    signal,
    random: random.split(attack.id),
    outOfTime,
    progress: ({ iteration, total, loss, image }) => {
      const first = image && splitBatch(image)[0];
      onProgress({
        iteration: index * total + iteration,
        total: batches * total,
        loss,
        ...(first ? { image: pngDataUri({ shape: first.shape, data: toUnit(first.data) }) } : {}),
      });
    },
  };
}

const toUnit = (data: ArrayLike<number>) => Float64Array.from(data, (value) => (value > 0 ? Math.min(1, value) : 0));

function lookThrough(
  spec: CaseSpec,
  attack: Attack,
  setting: Setting,
  record: RoundRecord,
  truth: Batch,
  surrogate: Batch,
) {
  const { batchSize, learningRate, localEpochs, mode } = spec.federation;
  return observe(
    {
      records: [record],
      client: CLIENT,
      basicKnowledge: {
        batchSize,
        normalization: setting.normalization,
        pixelRange: [0, 1],
        loss: { kind: "cross-entropy", reduction: "mean" },
      },
      trainingDetails: { algorithm: "FedSGD", learningRate, localEpochs, batchSize, sampleCount: batchSize, mode },
      surrogateData: () => surrogate,
    },
    { attack: attack.id, threat: spec.threat, needs: attack.needs, uses: attack.uses ?? [] },
    {
      // Sorted: which label belongs to which image is not part of the assumption.
      ...(spec.labels === "known" ? { labels: [...truth.labels].sort((a, b) => a - b) } : {}),
      ...(spec.adaptive && spec.defense ? { knownDefense: spec.defense } : {}),
    },
  );
}

function judge(
  reconstruction: Reconstruction,
  truth: Batch,
  records: readonly number[],
  record: RoundRecord,
): BatchOutcome {
  const candidates = reconstruction.inputs.shape[0] === 0 ? [] : splitBatch(reconstruction.inputs);
  return {
    reconstruction,
    matched: matchRecords(candidates, splitBatch(truth.inputs), records),
    labelAccuracy: reconstruction.labels ? labelAccuracy(reconstruction.labels.values, truth.labels).value : null,
    receipts: record.receipts,
  };
}

function collect(
  spec: CaseSpec,
  { dataset, surrogate }: Setting,
  metrics: Parameters<typeof chooseMetric>[1],
  random: Random,
  outcomes: readonly BatchOutcome[],
  handed: readonly string[],
  seconds: number,
): CaseResult {
  const matched = outcomes.flatMap((outcome) => outcome.matched);
  const guesses = floorGuesses(surrogate, random.split("floor"));
  const both = (name: string) => {
    const chosen = chooseMetric(name, metrics);
    return {
      name: chosen.metric.id,
      score: summarise(chosen, scoreMatched(chosen, matched, dataset)),
      floor: summarise(chosen, scoreFloor(chosen, matched, guesses, dataset)),
    };
  };
  // A leak is defined by these two, whatever else was asked for.
  const figures = [...new Set(["psnr", "iip", ...spec.metrics])].map((name) => ({ asked: name, ...both(name) }));
  const [psnr, iip] = figures as [(typeof figures)[number], (typeof figures)[number]];
  const recovered = matched.map((_, i) => (psnr.score.perImage[i] ?? Number.NEGATIVE_INFINITY) >= RECOVERED_DB);
  const hit = matched.map((_, i) => iip.score.perImage[i] === 1);
  const leaked = matched.map((_, i) => {
    const lead =
      (psnr.score.perImage[i] ?? Number.NEGATIVE_INFINITY) - (psnr.floor.perImage[i] ?? Number.NEGATIVE_INFINITY);
    return recovered[i]! || (hit[i]! && lead >= LEAD_DB);
  });
  const guess = guesses[0]!;
  const images = matched.map(({ original, reconstruction, record }, i): ImageJson => {
    const label = dataset.classes[dataset.label(record)]!;
    return {
      record,
      label,
      original: originalPicture(original, spec.originals),
      reconstruction: reconstruction ? picture(reconstruction) : null,
      floor: spec.originals === "show" ? picture(guess.image) : null,
      leaked: leaked[i]!,
      ...(reconstruction ? {} : { reason: "the attack gave no reconstruction for this image" }),
    };
  });
  const withLabels = outcomes.filter(({ reconstruction }) => reconstruction.labels);
  const accuracies = withLabels.flatMap((outcome) => (outcome.labelAccuracy === null ? [] : [outcome.labelAccuracy]));
  const methods = new Set(withLabels.map(({ reconstruction }) => reconstruction.labels!.method));
  return {
    scores: Object.fromEntries(figures.map(({ asked, score }) => [asked, score])),
    floor: Object.fromEntries(figures.map(({ asked, floor }) => [asked, floor])),
    images,
    identified: matched.map((_, i) => recovered[i]! || hit[i]!),
    labels:
      withLabels.length === 0
        ? null
        : { accuracy: spec.labels === "known" ? null : mean(accuracies), method: [...methods].join(", ") },
    receipt: summariseReceipts(outcomes.flatMap(({ receipts }) => receipts)),
    handed,
    gallerySize: dataset.length,
    galleryClasses: dataset.classes.length,
    curve: (outcomes[0]?.reconstruction.curve ?? []).filter(({ loss }) => Number.isFinite(loss)),
    notes: outcomes.flatMap(({ reconstruction }, i) => reconstruction.notes.map((note) => `batch ${i + 1}: ${note}`)),
    iterations: outcomes.reduce((sum, { reconstruction }) => sum + reconstruction.iterations, 0),
    exhausted: outcomes.some(({ reconstruction }) => reconstruction.exhausted),
    seconds,
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const picture = ({ shape, data }: Image): string => pngDataUri({ shape, data: toUnit(data) });

const BLUR_BLOCK = 8;

/** The original as the policy allows: whole, as a mosaic of block means, or not at all. */
function originalPicture(image: Image, policy: CaseSpec["originals"]): string | null {
  if (policy === "omit") return null;
  if (policy === "show") return picture(image);
  const [channels, height, width] = image.shape;
  const data = new Float64Array(image.data.length);
  for (let c = 0; c < channels; c++) {
    for (let top = 0; top < height; top += BLUR_BLOCK) {
      for (let left = 0; left < width; left += BLUR_BLOCK) {
        const cells: number[] = [];
        for (let y = top; y < Math.min(height, top + BLUR_BLOCK); y++) {
          for (let x = left; x < Math.min(width, left + BLUR_BLOCK); x++) cells.push((c * height + y) * width + x);
        }
        const average = cells.reduce((sum, cell) => sum + image.data[cell]!, 0) / cells.length;
        for (const cell of cells) data[cell] = average;
      }
    }
  }
  return picture({ shape: image.shape, data });
}

function summariseReceipts(receipts: readonly Receipt[]): CaseResult["receipt"] {
  const first = receipts[0];
  if (!first) return null;
  const distortions = receipts.flatMap(({ distortion }) => (distortion ? [distortion] : []));
  return {
    identity: receipts.some(({ identity }) => identity),
    distortion: mean(distortions.map(({ relativeL2 }) => relativeL2)),
    cosine: mean(distortions.map(({ cosine }) => cosine)),
    bytes: mean(receipts.map(({ bytesAfter }) => bytesAfter))!,
    bytesWithout: mean(receipts.map(({ bytesBefore }) => bytesBefore))!,
    seconds: mean(receipts.map(({ milliseconds }) => milliseconds))! / 1000,
  };
}

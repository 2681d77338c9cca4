// An attack on an update that was recorded somewhere else: no client, no data, no truth. What can be said without truth is how much of the
// update the reconstruction explains, beside what pictures explain that were made without it, and whether two readings of the labels agree.
import type { Attack, AttackContext, Reconstruction } from "../attacks/define.js";
import { recoverLabels } from "../attacks/labels/recover.js";
import type { Batch } from "../data/dataset.js";
import { normalise } from "../data/normalization.js";
import type { Backend } from "../engine/backends/backend.js";
import type { Payload, Update } from "../federated/hooks.js";
import { createTrainer, type Trainer } from "../federated/training.js";
import { distortion } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Image } from "../metrics/define.js";
import { clampImage, splitBatch } from "../metrics/image.js";
import type { Capability, ThreatLetter } from "../threat/capabilities.js";
import type { KnownDefense, Normalization, TrainingDetails } from "../threat/observation.js";
import { CapabilityError, observe } from "../threat/observe.js";
import { basicKnowledge } from "./evaluate.js";
import { floorGuesses, type Guess } from "./floor.js";
import type { JobProgress } from "./interfaces.js";
import { picture } from "./pictures.js";
import { recordedRound } from "./recorded-round.js";

/** Everything about the update that its owner knows. */
export interface RecordedUpdate {
  readonly payload: Payload;
  /** The mean gradient that it stands for (interpret-update.ts). */
  readonly update: Update;
  /** Images behind it. */
  readonly batchSize: number;
  readonly normalization: Normalization | null;
  /** Where the owner knows how the client trained. */
  readonly details?: TrainingDetails | undefined;
  /** Where the attacker is assumed to know them. */
  readonly labels?: readonly number[] | undefined;
  readonly knownDefense?: KnownDefense | undefined;
}

export interface OwnAttack {
  readonly attack: Attack;
  readonly options: Readonly<Record<string, unknown>>;
  readonly threat: ThreatLetter;
  readonly seed: number;
  readonly budgetSeconds: number;
}

export interface OwnTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

/** How far the gradient of a picture is from the update. */
export interface GradientDistance {
  /** ‖g - g*‖² / ‖g*‖²: 0 explains the update wholly, 1 is what a gradient of zero has. */
  readonly relative: number;
  /** 1 - cos(g, g*). */
  readonly cosine: number;
}

export interface OwnResult {
  /** PNG data URIs, in the attack's order, with its own confidence. */
  readonly images: readonly { readonly reconstruction: string; readonly confidence: number | null }[];
  /** What the attack took or found the labels to be; `rule` is what the last layer alone says, where it has a bias. */
  readonly labels: {
    readonly attack: { readonly values: readonly number[]; readonly method: string } | null;
    readonly rule: { readonly values: readonly number[]; readonly method: string } | null;
  };
  /** Of the reconstruction, clamped to valid pixels, with the attack's labels; null where there are none. */
  readonly distance: GradientDistance | null;
  /** The same of pictures made without the update, with the same labels. */
  readonly floor: Readonly<Partial<Record<Guess["id"], GradientDistance>>>;
  readonly handed: readonly string[];
  readonly curve: Reconstruction["curve"];
  readonly notes: readonly string[];
  readonly iterations: number;
  readonly exhausted: boolean;
  readonly seconds: number;
}

/** What somebody has who holds a recorded update. Other capabilities are powers over the federation, or data. */
const recordable: readonly Capability[] = ["updates", "basicKnowledge", "trainingDetails"];

/** Why `attack` cannot run on a recorded update; null when it can. */
export function unrecordable({ id, needs }: Attack, hasDetails: boolean): string | null {
  if (needs.includes("activeManipulation") || needs.includes("clientSelection")) {
    return `attack ${id} acts while the federation runs: it cannot be run on an update that was recorded; leave out --update to simulate a round`;
  }
  const missing = needs.filter((need) => !recordable.includes(need) || (need === "trainingDetails" && !hasDetails));
  if (missing.length === 0) return null;
  const names = missing.map((need) => `"${need}"`).join(" and ");
  return `attack ${id} needs ${names}, which a recorded update does not bring; leave out --update to simulate a round`;
}

/** Runs the attack. Throws CapabilityError where it cannot run, the signal's reason on abort, and what the attack throws. */
export async function invertRecorded(recorded: RecordedUpdate, own: OwnAttack, tools: OwnTools): Promise<OwnResult> {
  const started = performance.now();
  const { attack, options, seed, budgetSeconds } = own;
  const refused = unrecordable(attack, recorded.details !== undefined);
  if (refused) throw new CapabilityError(refused);
  const random = createRandom(seed);
  const observation = lookAt(recorded, own);
  const context: AttackContext = {
    backend: tools.backend,
    signal: tools.signal,
    random: random.split("attack").split(attack.id),
    outOfTime: () => performance.now() - started > 1000 * budgetSeconds,
    progress({ iteration, total, loss, image }) {
      const first = image && splitBatch(image)[0];
      tools.onProgress({ iteration, total, loss, ...(first ? { image: picture(first) } : {}) });
    },
  };
  const chosen = attack.options.parse(options);
  const reconstruction = await attack.run({ observation, prepared: undefined, secret: undefined }, chosen, context);

  const images = reconstruction.inputs.shape[0] === 0 ? [] : splitBatch(reconstruction.inputs).map(clampImage);
  const rule = ruleFor(recorded);
  const labels = reconstruction.labels ?? rule;
  const measured =
    labels && images.length > 0 ? await measure(recorded, images, labels.values, random, tools.backend) : null;
  return {
    images: images.map((image, i) => ({
      reconstruction: picture(image),
      confidence: finite(reconstruction.confidence[i]),
    })),
    labels: { attack: reconstruction.labels ?? null, rule },
    distance: measured && Number.isFinite(measured.distance.relative) ? measured.distance : null,
    floor: measured?.floor ?? {},
    handed: recordable.filter((capability) => capability in observation),
    curve: reconstruction.curve.filter(({ loss }) => Number.isFinite(loss)),
    notes: reconstruction.notes,
    iterations: reconstruction.iterations,
    exhausted: reconstruction.exhausted,
    seconds: (performance.now() - started) / 1000,
  };
}

const finite = (value: number | undefined): number | null => (Number.isFinite(value) ? value! : null);

/** The recorded round through the same door as a simulated one. */
function lookAt(
  { payload, update, batchSize, normalization, details, labels, knownDefense }: RecordedUpdate,
  { attack, threat }: OwnAttack,
) {
  const release = {
    records: [recordedRound(payload, update, batchSize)],
    client: 0,
    basicKnowledge: basicKnowledge({ batchSize }, normalization),
    trainingDetails: details ?? plainDetails(batchSize),
    surrogateData: (): Batch => {
      throw new CapabilityError("a recorded update comes without surrogate data");
    },
  };
  const uses = (attack.uses ?? []).filter((use) => recordable.includes(use) && (use !== "trainingDetails" || details));
  const request = { attack: attack.id, threat, needs: attack.needs, uses };
  return observe(release, request, { ...(labels ? { labels } : {}), ...(knownDefense ? { knownDefense } : {}) });
}

/** Never handed over: `unrecordable` refuses attacks that need details which nobody gave. */
const plainDetails = (batchSize: number): TrainingDetails => ({
  algorithm: "FedSGD",
  learningRate: 1,
  localEpochs: 1,
  batchSize,
  sampleCount: batchSize,
  mode: "eval",
});

function ruleFor({ payload, update, batchSize }: RecordedUpdate) {
  const { values, method } = recoverLabels({ round: 0, payload, view: { kind: "upload", update } }, batchSize);
  return { values, method };
}

async function measure(
  { payload, update, normalization }: RecordedUpdate,
  images: readonly Image[],
  labels: readonly number[],
  random: ReturnType<typeof createRandom>,
  backend: Backend,
) {
  const trainer = createTrainer(backend, "float32");
  // As many labels as pictures: attacks may give fewer pictures than there were.
  const known = images.map((_, i) => labels[i % labels.length]!);
  const distanceOf = (each: readonly Image[]) => gradientDistance(trainer, payload, update, each, known, normalization);
  try {
    const distance = await distanceOf(images);
    const floor: Partial<Record<Guess["id"], GradientDistance>> = {};
    for (const { id, image } of floorGuesses(greyAlone(images[0]!), random.split("floor"))) {
      if (id !== "surrogate-image") floor[id] = await distanceOf(images.map(() => image));
    }
    return { distance, floor };
  } finally {
    await trainer.dispose();
  }
}

/** Nothing is known of the client's pictures: the mean picture is grey. */
const greyAlone = ({ shape, data }: Image): Batch => ({
  inputs: tensor([1, ...shape], new Float64Array(data.length).fill(0.5)),
  labels: [0],
});

async function gradientDistance(
  trainer: Trainer,
  payload: Payload,
  update: Update,
  images: readonly Image[],
  labels: readonly number[],
  normalization: Normalization | null,
): Promise<GradientDistance> {
  const inputs = new Float64Array(images.length * images[0]!.data.length);
  images.forEach(({ data }, i) => {
    inputs.set(data, i * data.length);
  });
  const batch = normalise({ inputs: tensor([images.length, ...images[0]!.shape], inputs), labels }, normalization);
  const gradient = (await trainer.gradient(payload, batch)).update;
  const { relativeL2, cosine } = distortion(update, gradient);
  return { relative: relativeL2 ** 2, cosine: 1 - cosine };
}

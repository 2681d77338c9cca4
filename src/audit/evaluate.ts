// Runs one case from its plain data: federation, observation, attack, score. No attack, defense or metric is known here by name.
import type { Attack, AttackContext, PrepareInput, Reconstruction } from "../attacks/define.js";
import { type Dataset, readBatch } from "../data/dataset.js";
import { normalise } from "../data/normalization.js";
import { attach } from "../defenses/define.js";
import type { Backend } from "../engine/backends/backend.js";
import { agreeOnStart } from "../federated/agreement.js";
import type { Payload } from "../federated/hooks.js";
import type { RoundRecord } from "../federated/round.js";
import { createTrainer } from "../federated/training.js";
import { createRandom, type Random } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Image } from "../metrics/define.js";
import { splitBatch } from "../metrics/image.js";
import { labelAccuracy } from "../metrics/labels.js";
import type { Model } from "../models/define.js";
import { handedOver, refusal } from "../threat/capabilities.js";
import type { BasicKnowledge, Normalization } from "../threat/observation.js";
import { CapabilityError, observe, type Release } from "../threat/observe.js";
import { behaviourOf, powersOf } from "../threat/server.js";
import { bringGenerator } from "./bring-generator.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { type BatchOutcome, collect } from "./collect.js";
import { detect } from "./detect.js";
import { floorGuesses } from "./floor.js";
import { createFrames } from "./frames.js";
import type { JobProgress } from "./interfaces.js";
import { picture } from "./pictures.js";
import { exposureOf, imagesPerUpdate, protocolOf } from "./protocol.js";
import { openGames, type Scene } from "./scene.js";
import { matchRecords } from "./score.js";
import { openSetting } from "./setting.js";
import { compareWithTrained } from "./trained-on.js";
import { measureScenes } from "./vulnerability.js";

export interface EvaluateTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

export async function evaluateCase(spec: CaseSpec, tools: EvaluateTools): Promise<CaseResult> {
  const started = performance.now();
  const { attacks, defenses, metrics } = await loadCatalogue();
  const attack = found(attacks.get(spec.attack.id), "attack", spec.attack.id);
  const denied = refusal(attack.id, attack.needs, spec.threat);
  if (denied) throw new CapabilityError(denied);
  const defense = spec.defense ? found(defenses.get(spec.defense.id), "defense", spec.defense.id) : null;
  const handed = handedOver(spec.threat, attack.needs, attack.uses);
  const random = createRandom(spec.seed);
  const setting = await openSetting(spec, random);
  const trainer = createTrainer(tools.backend, "float32");
  const outcomes: BatchOutcome[] = [];
  const frames = createFrames();
  const watched: EvaluateTools = {
    ...tools,
    onProgress: (progress) => {
      frames.add(progress);
      tools.onProgress(progress);
    },
  };
  const seen: Scene[] = [];
  const inspected: RoundRecord[] = [];
  let detection: CaseResult["detection"];
  let vulnerability: CaseResult["vulnerability"];
  try {
    const attached = defense ? [attach(defense, spec.defense!.options)] : [];
    const start: Payload = { model: setting.model, weights: setting.weights };
    // What was captured was trained on the model that the user names.
    const honest =
      spec.updates === undefined
        ? agreeOnStart(start, protocolOf(spec.federation, attached), random.split("agreement"))
        : start;
    const surrogate = normalise(setting.surrogate, setting.normalization);
    const guesses = floorGuesses(setting.surrogate, random.split("floor")).map(({ image }) => image);
    const options = attack.options.parse(spec.attack.options);
    const shared = contextFor(spec, tools, random.split("attack"), () => false, 0, 1);
    // Both parts are powers: learning from surrogate pictures, and sending a model of one's own.
    const powers = new Set(handed);
    const prepared = powers.has("surrogateData")
      ? await attack.prepare?.({ payload: honest, surrogate, ...(await broughtBy(spec, honest)) }, options, shared)
      : undefined;
    const { clients } = spec.federation;
    const images = imagesPerUpdate(spec.federation, setting.federations[0]?.flat().length ?? 0);
    const before = basicKnowledge({ batchSize: images }, setting.normalization);
    const armed = powers.has("activeManipulation")
      ? await attack.arm?.({ payload: honest, prepared, clients, basicKnowledge: before }, options, shared)
      : undefined;
    const server = armed && { behaviour: behaviourOf(armed), powers: powersOf(spec.threat) };
    const played = { ...setting, ...honest };
    const { normalization, games } = await openGames(spec, played, attack.works.rounds ?? "one", attached, {
      trainer,
      random,
      server,
      measureStatistics: powers.has("clientDistribution"),
      signal: tools.signal,
    });
    for (const [index, play] of games.entries()) {
      tools.signal.throwIfAborted();
      const { scenes, refused } = await play();
      if (refused) outcomes.push(judge(nothing(setting.model, refused.reason), setting.dataset, refused));
      for (const [number, scene] of scenes.entries()) {
        const left = (games.length - index) * scenes.length - number;
        const share = (spec.budgetSeconds - (performance.now() - started) / 1000) / left;
        const deadline = performance.now() + 1000 * share;
        const stream = random.split("attack", outcomes.length);
        const place = index * scenes.length + number;
        const outOfTime = () => performance.now() > deadline;
        const context = contextFor(
          spec,
          place === 0 ? watched : tools,
          stream,
          outOfTime,
          place,
          games.length * scenes.length,
        );
        const release: Release = {
          records: scene.rounds,
          client: scene.client,
          basicKnowledge: basicKnowledge({ batchSize: scene.images }, normalization),
          trainingDetails: scene.details,
          surrogateData: () => surrogate,
        };
        const labels = scene.records.map((record) => setting.dataset.label(record));
        const observation = lookThrough(spec, attack, release, labels);
        const reconstruction = await attack.run({ observation, prepared, secret: armed?.secret }, options, context);
        const outcome = judge(reconstruction, setting.dataset, scene);
        outcomes.push(withTrained(outcome, scene, normalization, guesses));
        if (spec.vulnerability) seen.push(scene);
        // The first federation tells: the others get models of the same kind.
        if (armed && index === 0) inspected.push(...scene.rounds);
      }
    }
    if (armed) {
      const { backend } = tools;
      detection = await detect({ honest, rounds: inspected, backend, random: random.split("detection") });
    }
    if (spec.vulnerability) {
      const { dataset } = setting;
      const { backend, signal } = tools;
      const measured = { payload: honest, mode: spec.federation.mode, dataset, normalization, backend, signal };
      vulnerability = await measureScenes(measured, seen, random.split("vulnerability"));
    }
  } finally {
    await trainer.dispose();
  }
  const seconds = (performance.now() - started) / 1000;
  const result = await collect(spec, setting, metrics, random, outcomes, handed, seconds);
  const records = setting.federations[0]?.flat().length ?? 0;
  const exposure = exposureOf(spec.federation, records, setting.model.parameters.length);
  const privacy = defense?.privacy?.(defense.options.parse(spec.defense!.options), exposure);
  const formed = frames.list();
  return {
    ...result,
    ...(formed.length > 1 ? { frames: formed } : {}),
    ...(vulnerability ? { vulnerability } : {}),
    ...(detection ? { detection } : {}),
    ...(privacy ? { privacy } : {}),
  };
}

function found<T>(value: T | undefined, kind: string, id: string): T {
  if (value === undefined) throw new RangeError(`unknown ${kind} "${id}"`);
  return value;
}

/** The adversary's own generator, where the setting names one. */
async function broughtBy(
  { surrogate: { generator } }: CaseSpec,
  { model }: Payload,
): Promise<Pick<PrepareInput, "generator">> {
  return generator === undefined ? {} : { generator: await bringGenerator(generator, model.inputShape) };
}

/** What the capability of that name tells about a federation. */
export function basicKnowledge(
  { batchSize }: Pick<CaseSpec["federation"], "batchSize">,
  normalization: Normalization | null,
): BasicKnowledge {
  return { batchSize, normalization, pixelRange: [0, 1], loss: { kind: "cross-entropy", reduction: "mean" } };
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
        ...(first ? { image: picture(first) } : {}),
      });
    },
  };
}

function lookThrough(spec: CaseSpec, attack: Attack, release: Release, labels: readonly number[]) {
  return observe(
    release,
    { attack: attack.id, threat: spec.threat, needs: attack.needs, uses: attack.uses ?? [] },
    {
      // Sorted: which label belongs to which image is not part of the assumption.
      ...(spec.labels === "known" ? { labels: [...labels].sort((a, b) => a - b) } : {}),
      ...(spec.adaptive && spec.defense ? { knownDefense: spec.defense } : {}),
    },
  );
}

function judge(
  reconstruction: Reconstruction,
  dataset: Dataset,
  { records, rounds }: Pick<Scene, "records" | "rounds">,
): BatchOutcome {
  const truth = readBatch(dataset, records);
  const candidates = reconstruction.inputs.shape[0] === 0 ? [] : splitBatch(reconstruction.inputs);
  return {
    reconstruction,
    matched: matchRecords(candidates, splitBatch(truth.inputs), records),
    labelAccuracy: reconstruction.labels ? labelAccuracy(reconstruction.labels.values, truth.labels).value : null,
    receipts: rounds.flatMap(({ receipts }) => receipts),
  };
}

/** The outcome, compared with what was trained on too, where those are not the records themselves. */
function withTrained(
  outcome: BatchOutcome,
  { client, rounds }: Scene,
  normalization: Normalization | null,
  guesses: readonly Image[],
): BatchOutcome {
  const { reconstruction, matched } = outcome;
  const exchange = rounds.map(({ clients }) => clients.get(client)).find((each) => each !== undefined);
  const candidates = matched.flatMap((each) => (each.reconstruction ? [each.reconstruction] : []));
  const originals = matched.map(({ original }) => original);
  const { notes, leaks } = compareWithTrained(candidates, originals, exchange?.batch, normalization, guesses);
  if (notes.length === 0) return outcome;
  let next = 0;
  return {
    ...outcome,
    changedLeaks: matched.map((each) => (each.reconstruction ? leaks[next++]! : null)),
    reconstruction: { ...reconstruction, notes: [...reconstruction.notes, ...notes] },
  };
}

/** What an attack makes of clients that answer nothing. */
const nothing = ({ inputShape }: Model, reason: string): Reconstruction => ({
  inputs: tensor([0, ...inputShape], new Float64Array(0)),
  confidence: [],
  curve: [],
  iterations: 0,
  exhausted: false,
  notes: [`nothing was uploaded: ${reason}`],
});

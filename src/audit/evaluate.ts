// Runs one case from its plain data: federation, observation, attack, score. No attack, defense or metric is known here by name.
import type { Attack, AttackContext, Reconstruction } from "../attacks/define.js";
import { type Batch, readBatch } from "../data/dataset.js";
import { attach } from "../defenses/define.js";
import type { Backend } from "../engine/backends/backend.js";
import type { AttachedDefense, Payload } from "../federated/hooks.js";
import { type Protocol, plainProtocol } from "../federated/protocol.js";
import { type RoundRecord, runRound } from "../federated/round.js";
import { createTrainer } from "../federated/training.js";
import { createRandom, type Random } from "../math/random.js";
import { splitBatch } from "../metrics/image.js";
import { labelAccuracy } from "../metrics/labels.js";
import { handedOver, refusal } from "../threat/capabilities.js";
import { detailsOf } from "../threat/details.js";
import type { BasicKnowledge, Normalization } from "../threat/observation.js";
import { CapabilityError, observe, type Release } from "../threat/observe.js";
import { behaviourOf, powersOf } from "../threat/server.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { type BatchOutcome, collect } from "./collect.js";
import type { JobProgress } from "./interfaces.js";
import { picture } from "./pictures.js";
import { openRecordings } from "./recorded-round.js";
import { matchRecords } from "./score.js";
import { normalise, openSetting } from "./setting.js";

export interface EvaluateTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

const CLIENT = 0;

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
  try {
    const honest: Payload = { model: setting.model, weights: setting.weights };
    const surrogate = normalise(setting.surrogate, setting.normalization);
    const options = attack.options.parse(spec.attack.options);
    const shared = contextFor(spec, tools, random.split("attack"), () => false, 0, 1);
    // Both parts are powers: learning from surrogate pictures, and sending a model of one's own.
    const powers = new Set(handed);
    const prepared = powers.has("surrogateData")
      ? await attack.prepare?.({ payload: honest, surrogate }, options, shared)
      : undefined;
    const armed = powers.has("activeManipulation")
      ? await attack.arm?.({ payload: honest, prepared }, options, shared)
      : undefined;
    const protocol = protocolOf(spec, defense ? [attach(defense, spec.defense!.options)] : []);
    const recordings = spec.updates === undefined ? null : await openRecordings(spec.updates, setting.model);
    const batches = recordings?.all.map(({ records }) => records) ?? setting.batches;
    const normalization = recordings ? recordings.normalization : setting.normalization;
    for (const [index, records] of batches.entries()) {
      tools.signal.throwIfAborted();
      const truth = readBatch(setting.dataset, records);
      const recording = recordings?.all[index];
      const record =
        recording?.record ??
        (await runRound({
          round: 0,
          clients: [{ id: CLIENT, data: normalise(truth, normalization) }],
          protocol,
          global: honest,
          ...(armed ? { server: behaviourOf(armed), powers: powersOf(spec.threat) } : {}),
          trainer,
          random: random.split("batch", index),
        }));
      const share = (spec.budgetSeconds - (performance.now() - started) / 1000) / (batches.length - index);
      const deadline = performance.now() + 1000 * share;
      const context = contextFor(
        spec,
        tools,
        random.split("attack", index),
        () => performance.now() > deadline,
        index,
        batches.length,
      );
      const release: Release = {
        records: [record],
        client: CLIENT,
        basicKnowledge: basicKnowledge({ batchSize: records.length }, normalization),
        trainingDetails: recording?.details ?? detailsOf(protocol, records.length),
        surrogateData: () => surrogate,
      };
      const observation = lookThrough(spec, attack, release, truth.labels);
      const reconstruction = await attack.run({ observation, prepared, secret: armed?.secret }, options, context);
      outcomes.push(judge(reconstruction, truth, records, record));
    }
  } finally {
    await trainer.dispose();
  }
  return collect(spec, setting, metrics, random, outcomes, handed, (performance.now() - started) / 1000);
}

function found<T>(value: T | undefined, kind: string, id: string): T {
  if (value === undefined) throw new RangeError(`unknown ${kind} "${id}"`);
  return value;
}

/** What the capability of that name tells about a federation. */
export function basicKnowledge(
  { batchSize }: Pick<CaseSpec["federation"], "batchSize">,
  normalization: Normalization | null,
): BasicKnowledge {
  return { batchSize, normalization, pixelRange: [0, 1], loss: { kind: "cross-entropy", reduction: "mean" } };
}

/** The client's data is cut into batches beforehand, so that each is one round of one gradient on the same weights. */
function protocolOf(
  { federation: { batchSize, learningRate, mode } }: CaseSpec,
  defenses: readonly AttachedDefense[],
): Protocol {
  const algorithm = { kind: "FedSGD", batchSize } as const;
  return { ...plainProtocol, algorithm, mode, batches: "fixed", serverLearningRate: learningRate, defenses };
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

// One run of the playground, by the same code as an audit: a client trains for one round, the server looks at the upload, the attack runs, and
// its picture is scored beside guesses made without the update.
import type { AttackContext, Progress } from "../../src/attacks/define.js";
import { recoverLabels } from "../../src/attacks/labels/recover.js";
import { playFederation } from "../../src/audit/simulate.js";
import { type Dataset, readBatch } from "../../src/data/dataset.js";
import { attach } from "../../src/defenses/define.js";
import type { Backend } from "../../src/engine/backends/backend.js";
import type { AttachedDefense, Payload } from "../../src/federated/hooks.js";
import { plainProtocol } from "../../src/federated/protocol.js";
import type { RoundRecord } from "../../src/federated/round.js";
import { createTrainer, type Trainer } from "../../src/federated/training.js";
import { createRandom } from "../../src/math/random.js";
import { initialise } from "../../src/models/define.js";
import { weakestThreat } from "../../src/threat/capabilities.js";
import { detailsOf } from "../../src/threat/details.js";
import type { BasicKnowledge, ObservedRound } from "../../src/threat/observation.js";
import { type Assumptions, observe, type Release } from "../../src/threat/observe.js";
import { behaviourOf, powersOf } from "../../src/threat/server.js";
import { viewRounds } from "../../src/threat/view.js";
import { attacks, defenses, models, type Protection } from "./methods.js";
import type { Picture, PlayMessage, PlayRequest } from "./protocol.js";
import { describeUpdate, toPicture } from "./update-picture.js";
import { judge, type Told, whyOf } from "./verdict.js";

export interface Stage {
  readonly backend: Backend;
  /** The request's picture is record 0; the others are what an adversary may own. */
  readonly datasetOf: (picture: Picture, label: number) => Dataset;
  readonly tell: (message: PlayMessage) => void;
}

const knowledge: BasicKnowledge = {
  batchSize: 1,
  normalization: null,
  pixelRange: [0, 1],
  loss: { kind: "cross-entropy", reduction: "mean" },
};

/** Undefended runs that were played, by what they were played on: whether they leaked. */
export type Controls = Map<string, boolean>;

/**
 * Plays a request and tells what comes of it. A defended run in which nothing comes back says something only if the same run without the defense
 * leaks: where `controls` does not know that, it is played too. Rejects with what federation, attack or backend throw.
 */
export async function play(request: PlayRequest, stage: Stage, controls: Controls): Promise<void> {
  const started = performance.now();
  const { tell } = stage;
  const first = await playOnce(request, stage, tell);
  const key = JSON.stringify([request.model, request.attack, request.seed, request.label, [...request.picture.pixels]]);
  if (request.defense === null) controls.set(key, first.judged.leaked);
  let control = controls.get(key);
  if (!first.judged.leaked && control === undefined) {
    tell({ kind: "control" });
    const { judged } = await playOnce({ ...request, defense: null, strength: 0 }, stage, () => {});
    control = judged.leaked;
    controls.set(key, control);
  }
  const verdict = first.judged.leaked ? "leaked" : request.defense !== null && control ? "held" : "unknown";
  tell({
    kind: "done",
    picture: first.picture,
    psnr: first.judged.psnr,
    floor: first.judged.floor,
    seconds: (performance.now() - started) / 1000,
    verdict,
    why: whyOf(verdict, request, first),
  });
}

interface Outcome extends Told {
  readonly picture: Picture;
}

async function playOnce(
  { picture, label, model: modelId, attack: attackId, defense: defenseId, strength, seed }: PlayRequest,
  { backend, datasetOf }: Stage,
  tell: Stage["tell"],
): Promise<Outcome> {
  const { attack, options: chosen, starts } = attacks[attackId]!;
  const threat = weakestThreat(attack.needs)!;
  const options = attack.options.parse(chosen);
  const dataset = datasetOf(picture, label);
  const model = models[modelId]!(dataset.shape, dataset.classes.length);
  const random = createRandom(seed);
  const honest: Payload = { model, weights: initialise(model, random.split("model")) };
  const surrogate = readBatch(
    dataset,
    Array.from({ length: dataset.length - 1 }, (_, i) => i + 1),
  );
  const context: AttackContext = {
    backend,
    random: random.split("attack"),
    signal: new AbortController().signal,
    outOfTime: () => false,
    progress: (progress) => tell(progressOf(progress, starts)),
  };
  const trainer = createTrainer(backend, "float32");
  try {
    const needs = new Set(attack.needs);
    const prepared = needs.has("surrogateData")
      ? await attack.prepare?.({ payload: honest, surrogate }, options, context)
      : undefined;
    const armed = needs.has("activeManipulation")
      ? await attack.arm?.({ payload: honest, prepared, clients: 1, basicKnowledge: knowledge }, options, context)
      : undefined;
    const server = armed && { behaviour: behaviourOf(armed), powers: powersOf(threat) };
    const round = (attached: readonly AttachedDefense[]) =>
      playRound({ honest, dataset, seed, trainer, server, attached });
    const defense = defenseId === null ? null : defenses[defenseId]!;
    const record = await round(defense ? [attach(defense.defense, defense.options(strength))] : []);
    const sent = record.clients.get(0)!.message;
    const plain = defense ? (await round([])).clients.get(0)!.message : null;
    const update = describeUpdate(sent.update);
    const without = plain && describeUpdate(plain.update);
    tell({
      kind: "update",
      ...update,
      bytes: sent.bytes,
      without: without && { norm: without.norm, picture: without.picture },
    });
    const release: Release = {
      records: [record],
      client: 0,
      basicKnowledge: knowledge,
      trainingDetails: detailsOf(plainProtocol, 1),
      surrogateData: () => surrogate,
    };
    tell(labelOf(viewRounds(release)[0]!.observed));
    const seen = { attack: attack.id, threat, needs: attack.needs, uses: attack.uses ?? [] };
    const adapts = defense !== null && (attack.adaptsTo?.includes(defense.defense.id) ?? false);
    const observation = observe(release, seen, adapts ? knownAs(defense, strength) : {});
    const found = await attack.run({ observation, prepared, secret: armed?.secret }, options, context);
    const judged = await judge(found.inputs, dataset, surrogate, random.split("floor"));
    const [receipt] = record.receipts;
    const change =
      without && receipt?.distortion
        ? {
            before: without.norm,
            after: update.norm,
            cosine: receipt.distortion.cosine,
            identity: receipt.identity,
          }
        : null;
    return { picture: toPicture(judged.image), judged, change, knows: adapts };
  } finally {
    await trainer.dispose();
  }
}

/** The attacker knows which defense is on, and how strong it is: one that is safe only while nobody knows of it protects nobody for long. */
const knownAs = ({ defense, options }: Protection, strength: number): Assumptions => ({
  knownDefense: { id: defense.id, options: defense.options.parse(options(strength)) },
});

interface Round {
  readonly honest: Payload;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly trainer: Trainer;
  readonly server: Parameters<typeof playFederation>[0]["server"];
  readonly attached: readonly AttachedDefense[];
}

async function playRound({ honest, dataset, seed, trainer, server, attached }: Round): Promise<RoundRecord> {
  const game = {
    start: honest,
    shares: [[0]],
    dataset,
    normalization: null,
    protocol: { ...plainProtocol, batches: "fixed" as const, defenses: attached },
    rounds: 1,
    seed,
    server,
    measureStatistics: false,
  };
  const { rounds, refused } = await playFederation(game, trainer, new AbortController().signal);
  if (refused !== null) throw new Error(`the client refused what the server sent: ${refused}`);
  return rounds[0]!;
}

/** What anybody who sees the update knows before any attack. */
function labelOf(round: ObservedRound): PlayMessage {
  const { values, warning } = recoverLabels(round, 1);
  return { kind: "label", label: values[0]!, sure: warning === undefined };
}

function progressOf({ iteration, total, loss, image }: Progress, starts: number): PlayMessage {
  const iterations = total / starts;
  const start = Math.min(starts - 1, Math.floor((iteration - 1) / iterations));
  return {
    kind: "progress",
    iteration: iteration - start * iterations,
    iterations,
    start,
    starts,
    loss,
    picture: image ? toPicture({ shape: [image.shape[1]!, image.shape[2]!, image.shape[3]!], data: image.data }) : null,
  };
}

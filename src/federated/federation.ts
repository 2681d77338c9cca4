// A federation as a value, and its run over rounds: what a round released is what the next one starts from.
import type { Batch } from "../data/dataset.js";
import { createRandom } from "../math/random.js";
import type { Weights } from "../models/define.js";
import { agreeOnStart } from "./agreement.js";
import type { Client } from "./client-round.js";
import { arrange } from "./compose.js";
import type { ClientId, Payload } from "./hooks.js";
import { createMemory } from "./memory.js";
import { checkProtocol, type Protocol } from "./protocol.js";
import { type RoundRecord, runRound } from "./round.js";
import type { Powers, ServerBehaviour } from "./server-behaviour.js";
import type { Accuracy, Trainer } from "./training.js";

export interface Federation extends Protocol {
  /** The model and its first weights. */
  readonly start: Payload;
  readonly clients: readonly Client[];
  readonly rounds: number;
  /** Decides cohorts, batches, dropouts and all that defenses draw. */
  readonly seed: number;
}

export interface FederationOptions {
  /** Samples of no client, on which every round's model is measured. */
  readonly heldOut?: Batch;
  /**
   * Called after every round, and waited for; false ends the federation. Records hold all updates of a round: keep those that are needed.
   */
  readonly onRound?: (record: RoundRecord, accuracy: Accuracy | null) => unknown;
  readonly signal?: AbortSignal;
  readonly server?: ServerBehaviour;
  readonly powers?: Powers;
  readonly measureStatistics?: boolean;
}

/** A round in figures. */
export interface RoundSummary {
  readonly round: number;
  readonly cohort: readonly ClientId[];
  readonly dropouts: readonly ClientId[];
  /** Mean local loss of those who trained; null when nobody did. */
  readonly localLoss: number | null;
  /** Of the released model; null without held-out data. */
  readonly accuracy: Accuracy | null;
}

export interface FederationResult {
  readonly weights: Weights;
  readonly rounds: readonly RoundSummary[];
}

/**
 * Plays all rounds. Throws as `runRound`, and RangeError without a client or a whole number of rounds.
 *
 * The released model is measured in eval mode. Where clients train BatchNorm but keep its statistics, nobody has any that fit the weights:
 * it then normalises by the held-out data's own.
 */
export async function runFederation(
  federation: Federation,
  trainer: Trainer,
  { heldOut, onRound, signal, ...round }: FederationOptions = {},
): Promise<FederationResult> {
  const { start: given, clients, rounds: count, seed, ...protocol } = federation;
  checkFederation(federation);
  const random = createRandom(seed).split("federation");
  const memory = createMemory();
  const start = agreeOnStart(given, protocol, random.split("agreement"));
  const { model } = start;
  const mode = protocol.mode === "train" && protocol.statistics === "hidden" ? "train" : "eval";
  const rounds: RoundSummary[] = [];
  let weights = start.weights;
  for (let number = 0; number < count; number++) {
    signal?.throwIfAborted();
    const global = { model, weights };
    const record = await runRound({
      round: number,
      clients,
      protocol,
      global,
      trainer,
      random,
      memory,
      signal,
      ...round,
    });
    weights = record.released;
    const accuracy = heldOut ? await trainer.evaluate({ model, weights }, heldOut, mode) : null;
    const losses = [...record.clients.values()].flatMap(({ sybil, loss }) => (sybil ? [] : [loss]));
    rounds.push({
      round: number,
      cohort: record.cohort,
      dropouts: record.dropouts,
      localLoss: losses.length > 0 ? losses.reduce((sum, loss) => sum + loss, 0) / losses.length : null,
      accuracy,
    });
    if ((await onRound?.(record, accuracy)) === false) break;
  }
  return { weights, rounds };
}

function checkFederation({ clients, rounds, defenses, ...protocol }: Federation): void {
  if (!(Number.isInteger(rounds) && rounds >= 1)) {
    throw new RangeError(`a federation's rounds are a whole number of 1 or more, got ${rounds}`);
  }
  if (clients.length === 0) throw new RangeError("a federation takes one client or more, got none");
  const empty = clients.find(({ data }) => data.labels.length === 0);
  if (empty) throw new RangeError(`client ${empty.id} has no data: partition so that every client holds a record`);
  const twice = clients.find(({ id }, position) => clients.findIndex((other) => other.id === id) !== position);
  if (twice) throw new RangeError(`two clients have the id ${twice.id}`);
  checkProtocol({ ...protocol, defenses });
  arrange(defenses, { ...protocol, defenses });
}

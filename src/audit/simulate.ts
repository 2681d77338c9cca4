// Plays the simulated federations of a case, and says what of the rounds played is one observation each.

import { type Batch, type Dataset, readBatch } from "../data/dataset.js";
import { normalise } from "../data/normalization.js";
import { runFederation } from "../federated/federation.js";
import type { ClientId, Payload } from "../federated/hooks.js";
import type { Protocol } from "../federated/protocol.js";
import { PayloadRefusedError, type RoundRecord } from "../federated/round.js";
import type { Powers, ServerBehaviour } from "../federated/server-behaviour.js";
import type { Trainer } from "../federated/training.js";
import type { Normalization } from "../threat/observation.js";

export interface Game {
  readonly start: Payload;
  /** Records of every client. */
  readonly shares: readonly (readonly number[])[];
  readonly dataset: Dataset;
  readonly normalization: Normalization | null;
  readonly protocol: Protocol;
  readonly rounds: number;
  readonly seed: number;
  readonly server?: { readonly behaviour: ServerBehaviour; readonly powers: Powers } | undefined;
  readonly measureStatistics: boolean;
}

export interface Played {
  readonly rounds: readonly RoundRecord[];
  readonly clients: readonly { readonly id: ClientId; readonly data: Batch }[];
  /** Why the federation stopped: every client refused what the server sent. Null when it went on to its end. */
  readonly refused: string | null;
}

/** Plays all rounds, or those before the clients refuse. Throws as `runFederation` otherwise. */
export async function playFederation(
  { start, shares, dataset, normalization, protocol, rounds: count, seed, server, measureStatistics }: Game,
  trainer: Trainer,
  signal: AbortSignal,
): Promise<Played> {
  const clients = shares.map((own, id) => ({ id, data: normalise(readBatch(dataset, own), normalization) }));
  const rounds: RoundRecord[] = [];
  let refused: string | null = null;
  try {
    await runFederation({ ...protocol, normalization, start, clients, rounds: count, seed }, trainer, {
      signal,
      measureStatistics,
      onRound: (record) => {
        rounds.push(record);
      },
      ...(server ? { server: server.behaviour, powers: server.powers } : {}),
    });
  } catch (error) {
    if (!(error instanceof PayloadRefusedError)) throw error;
    refused = error.message;
  }
  return { rounds, clients, refused };
}

/** Which of a client's records a round's update was made of. */
export function recordsBehind(
  record: RoundRecord,
  client: ClientId,
  { clients }: Pick<Played, "clients">,
  shares: Game["shares"],
): number[] {
  const own = record.clients.get(client);
  const share = shares[client];
  if (!own || !share) return [];
  const rows = rowsOf(own.batch, clients[client]!.data);
  // A defense that alters pictures leaves no trace of which they were: then all of the client's stand for them.
  return rows.includes(-1) ? [...share] : rows.map((row) => share[row]!);
}

/** Which rows of a client's data a batch was made of: drawn batches do not tell. -1 for one that is none of them. */
function rowsOf(batch: Batch, data: Batch): number[] {
  const size = data.inputs.data.length / data.labels.length;
  const rowOf = ({ inputs }: Batch, row: number) => inputs.data.subarray(row * size, (row + 1) * size);
  const used = new Set<number>();
  return batch.labels.map((_, drawn) => {
    const wanted = rowOf(batch, drawn);
    const row = data.labels.findIndex(
      (__, candidate) => !used.has(candidate) && rowOf(data, candidate).every((value, i) => value === wanted[i]),
    );
    used.add(row);
    return row;
  });
}

/** What one run of an attack looks at, and the truth behind it. */
export interface Victim {
  readonly client: ClientId;
  readonly rounds: readonly RoundRecord[];
  /** Of the data; for scoring only. */
  readonly records: readonly number[];
  /** Images behind the update of its first round. */
  readonly images: number;
}

/**
 * Every client by itself where the server sees its uploads, all together where it sees only their sum; and every round by itself unless the
 * attack takes several. The same batch of the same client is looked at once.
 */
export function victimsOf(played: Played, shares: Game["shares"], spans: "one" | "several"): Victim[] {
  const { rounds, clients } = played;
  const groups = spans === "several" ? [rounds] : rounds.map((round) => [round]);
  const seen = new Set<string>();
  return groups.flatMap((group) => {
    const hidden = group.some(({ hiddenBy }) => hiddenBy !== null);
    const arrived = clients.map(({ id }) => id).filter((id) => group.some((round) => round.clients.get(id)?.arrived));
    const behind = (ids: readonly ClientId[], over: readonly RoundRecord[]) => [
      ...new Set(over.flatMap((round) => ids.flatMap((id) => recordsBehind(round, id, played, shares)))),
    ];
    const views = hidden ? [arrived] : arrived.map((id) => [id]);
    return views.flatMap((ids) => {
      const records = behind(ids, group);
      const key = `${hidden ? "all" : ids[0]} ${[...records].sort((a, b) => a - b).join()}`;
      if (records.length === 0 || seen.has(key)) return [];
      seen.add(key);
      const first = group.find((round) => ids.some((id) => round.clients.has(id)))!;
      return [{ client: ids[0]!, rounds: group, records, images: behind(ids, [first]).length }];
    });
  });
}

// The rounds of a federation as an adversary sees them. Which of the four views it gets is decided here and nowhere else: an upload where
// uploads travel in the open, the aggregate where a defense hides them, the released step for those outside.
import type { Statistics } from "../federated/batch-statistics.js";
import type { Exchange } from "../federated/client-round.js";
import type { RoundRecord } from "../federated/round.js";
import { pseudoGradient } from "../federated/update.js";
import type { ObservedRound } from "./observation.js";
import type { Release } from "./observe.js";

export interface SeenRound {
  readonly observed: ObservedRound;
  /** Of the observed client; for adversaries who know its distribution, not part of the view. */
  readonly statistics: Statistics;
}

/** Rounds in order. One in which the client took no part, or whose upload got lost, shows no upload of it, but an aggregate all the same. */
export function viewRounds({
  records,
  client,
  outside = false,
}: Pick<Release, "records" | "client" | "outside">): SeenRound[] {
  return records.flatMap((record) => {
    const own = record.clients.get(client);
    if (outside || record.hiddenBy !== null) return wholeRound(record, own, outside);
    if (!own?.arrived) return [];
    return [own, ...own.repeats].map((exchange) => ({
      observed: { round: record.round, payload: exchange.payload, view: uploadOf(exchange) },
      statistics: exchange.statistics,
    }));
  });
}

function uploadOf({ message: { update, buffers } }: Exchange): ObservedRound["view"] {
  return { kind: "upload", update, ...(buffers ? { buffers } : {}) };
}

/** What a round shows of all clients together; nothing when nobody took part, since then nothing was sent. */
function wholeRound(record: RoundRecord, own: Exchange | undefined, outside: boolean): SeenRound[] {
  const payload = (own ?? [...record.clients.values()][0])?.payload;
  if (!payload) return [];
  const view = outside
    ? { kind: "released" as const, update: pseudoGradient(payload.model, payload.weights, record.released) }
    : { kind: "aggregate" as const, update: record.aggregate };
  return [{ observed: { round: record.round, payload, view }, statistics: own?.statistics ?? new Map() }];
}

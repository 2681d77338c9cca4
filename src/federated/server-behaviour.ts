// A server that leaves the protocol: rewritten or different payloads, repeated queries, a cohort of its choice, clients of its own. How far it
// may go comes as a value from above, since who has which capability is not the federation's business.
import type { ClientId, Payload, Sybil, Update, WireMessage } from "./hooks.js";

export type Power = "activeManipulation" | "clientSelection";

/** Null for a power that the server has; otherwise why it has not, in words that name who does. */
export type Powers = Readonly<Record<Power, string | null>>;

const honest = "the server follows the protocol; pass the powers of a threat model that grants it";

/** The powers of an honest server. */
export const protocolOnly: Powers = { activeManipulation: honest, clientSelection: honest };

/** Something was asked for that the threat model denies. The message names what is missing and the letter that grants it. */
export class CapabilityError extends Error {
  override name = "CapabilityError";
}

/** A round as the server saw it. */
export interface ServerView {
  readonly round: number;
  readonly answers: readonly { readonly client: ClientId; readonly payload: Payload; readonly message: WireMessage }[];
  /** Whether a defense hides single uploads: the messages in `answers` then tell nothing. */
  readonly hidden: boolean;
  /** Null while the round runs. */
  readonly aggregate: Update | null;
}

/** All parts are optional: what is left out is done by the protocol. `seen` is all that the server saw so far, this round last. */
export interface ServerBehaviour {
  /** S1: what a client is sent instead of `honest`. Takes activeManipulation unless it is the same. */
  payload?(round: number, client: ClientId, honest: Payload, seen: readonly ServerView[]): Payload;
  /** What a client that answered is asked next in the same round; null for nothing more. Takes activeManipulation. */
  again?(round: number, client: ClientId, seen: readonly ServerView[]): Payload | null;
  /** S0: who takes part, out of `pool`. Takes clientSelection unless it is what was drawn. */
  cohort?(round: number, pool: readonly ClientId[], seen: readonly ServerView[]): readonly ClientId[];
  /** Takes clientSelection where there are any. */
  sybils?(round: number, seen: readonly ServerView[]): readonly Sybil[];
}

/** A behaviour with every part filled in, held to its powers. */
export interface BoundServer {
  payload(client: ClientId, honest: Payload, seen: readonly ServerView[]): Payload;
  again(client: ClientId, seen: readonly ServerView[]): Payload | null;
  cohort(drawn: readonly ClientId[], pool: readonly ClientId[], seen: readonly ServerView[]): readonly ClientId[];
  sybils(seen: readonly ServerView[]): readonly Sybil[];
}

/** Throws CapabilityError as soon as the behaviour does what `powers` do not hold, RangeError on a cohort outside the pool. */
export function bind(behaviour: ServerBehaviour, powers: Powers, round: number): BoundServer {
  const demand = (power: Power, what: string) => {
    const refusal = powers[power];
    if (refusal !== null) throw new CapabilityError(`round ${round}: ${what}, which takes "${power}": ${refusal}`);
  };
  return {
    payload(client, honest, seen) {
      const sent = behaviour.payload?.(round, client, honest, seen) ?? honest;
      if (!samePayload(sent, honest))
        demand("activeManipulation", `the server sends client ${client} a rewritten model`);
      return sent;
    },
    again(client, seen) {
      const next = behaviour.again?.(round, client, seen) ?? null;
      if (next) demand("activeManipulation", `the server queries client ${client} again in the same round`);
      return next;
    },
    cohort(drawn, pool, seen) {
      const chosen = behaviour.cohort?.(round, pool, seen);
      if (!chosen || (chosen.length === drawn.length && drawn.every((client) => chosen.includes(client)))) return drawn;
      demand("clientSelection", `the server chooses the cohort ${chosen.join(", ")}`);
      const stranger = chosen.find((client) => !pool.includes(client));
      if (stranger !== undefined)
        throw new RangeError(`round ${round}: the cohort holds ${stranger}, which is no client`);
      return chosen;
    },
    sybils(seen) {
      const added = behaviour.sybils?.(round, seen) ?? [];
      if (added.length > 0) demand("clientSelection", `the server adds ${added.length} clients of its own`);
      return added;
    },
  };
}

function samePayload(a: Payload, b: Payload): boolean {
  if (a === b) return true;
  if (a.model !== b.model || a.weights.size !== b.weights.size) return false;
  return [...a.weights].every(([name, { data }]) => {
    const other = b.weights.get(name)?.data;
    return other === data || (other?.length === data.length && data.every((value, i) => value === other[i]));
  });
}

// What outlives a round: what each defense keeps per client and at the server, and what each client was sent.
import type { ClientId, Memory, Payload } from "./hooks.js";
import type { ServerView } from "./server-behaviour.js";

export interface FederationMemory {
  /** The same map every time for the same defense and place. */
  of(defense: string, place: ClientId | "server"): Memory;
  /** Payloads that a client got, oldest first; grows in place. */
  payloads(client: ClientId): Payload[];
  /** What a server that leaves the protocol saw of earlier rounds; an honest one remembers nothing. */
  readonly seen: ServerView[];
}

export function createMemory(): FederationMemory {
  const kept = new Map<string, Memory>();
  const sent = new Map<ClientId, Payload[]>();
  return {
    seen: [],
    of(defense, place) {
      const key = `${place} ${defense}`;
      const known = kept.get(key) ?? new Map<string, unknown>();
      kept.set(key, known);
      return known;
    },
    payloads(client) {
      const known = sent.get(client) ?? [];
      sent.set(client, known);
      return known;
    },
  };
}

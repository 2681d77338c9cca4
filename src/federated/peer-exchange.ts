// Hook C11: messages between clients, which the server relays until none is sent. Every defense with a peer channel has its own exchange.
import type { ClientContext, ClientId, PeerContext, PeerMessage } from "./hooks.js";
import type { Own, Pipeline } from "./pipeline.js";

/** Messages from one step to the next; a protocol that still talks after so many has no end. */
const LONGEST = 100;

export class PeerExchangeError extends Error {
  override name = "PeerExchangeError";
}

/** Runs the exchange of all members. Returns, by defense, what was sent to the server itself. Throws PeerExchangeError. */
export function exchangeMessages(
  pipeline: Pipeline,
  phase: PeerContext["phase"],
  members: ReadonlyMap<ClientId, (own: Own) => ClientContext & Pick<PeerContext, "weight">>,
): Map<string, PeerMessage[]> {
  const names = [...members.keys()];
  const toServer = new Map<string, PeerMessage[]>();
  for (const defense of pipeline.defenses) {
    const act = defense.hooks.peerExchange;
    if (!act) continue;
    const kept: PeerMessage[] = [];
    let under: readonly PeerMessage[] = [];
    for (let step = 0; step === 0 || under.length > 0; step++) {
      if (step === LONGEST) {
        throw new PeerExchangeError(
          `defense ${defense.id}: its clients still send messages after ${LONGEST} exchanges`,
        );
      }
      const started = performance.now();
      const arrived = under;
      under = names.flatMap((client) => {
        const inbox = arrived.filter(({ to }) => to === client);
        if (step > 0 && inbox.length === 0) return [];
        const context = members.get(client)!(pipeline.own(defense, "peerExchange", client));
        const sent = act(inbox, { ...context, phase, members: names });
        for (const message of sent) checkAddress(defense.id, client, message, names);
        return sent;
      });
      pipeline.relayed(defense, under, performance.now() - started);
      kept.push(...under.filter(({ to }) => to === "server"));
    }
    toServer.set(defense.id, kept);
  }
  return toServer;
}

function checkAddress(
  defense: string,
  client: ClientId,
  { from, to }: PeerMessage,
  members: readonly ClientId[],
): void {
  if (from === client && (to === "server" || members.includes(to))) return;
  throw new PeerExchangeError(
    `defense ${defense}: client ${client} sends a message from ${from} to ${to}; a message is from its sender to "server" or one of ` +
      members.join(", "),
  );
}

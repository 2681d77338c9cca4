// One round of a federation through the whole hook pipeline. The four views of spec/defenses.md 0.1 stay apart: what each client got, what
// each uploaded, the aggregate, and the model after the server's step.
import type { Random } from "../math/random.js";
import type { Weights } from "../models/define.js";
import { aggregateUploads } from "./aggregation.js";
import {
  type Client,
  type ClientTools,
  contextOf,
  type Exchange,
  isSybil,
  type Participant,
  type Trained,
  train,
  upload,
  vet,
} from "./client-round.js";
import { arrange, hidesUploads, UnsupportedDefenseError } from "./compose.js";
import type { ClientId, Payload, Update, Verdict } from "./hooks.js";
import { createMemory, type FederationMemory } from "./memory.js";
import { exchangeMessages } from "./peer-exchange.js";
import { type Own, openPipeline } from "./pipeline.js";
import { checkProtocol, type Protocol } from "./protocol.js";
import type { Receipt } from "./receipt.js";
import { sampleCohort } from "./sampling.js";
import { bind, type Powers, protocolOnly, type ServerBehaviour, type ServerView } from "./server-behaviour.js";
import type { Trainer } from "./training.js";

export interface RoundOptions {
  readonly round: number;
  readonly clients: readonly Client[];
  readonly protocol: Protocol;
  /** The model that the round starts from, which an honest server sends to everybody. */
  readonly global: Payload;
  readonly trainer: Trainer;
  readonly random: Random;
  /** What earlier rounds left behind; default: nothing. */
  readonly memory?: FederationMemory;
  /** What the server does besides the protocol, and how much of that it may; default: nothing. */
  readonly server?: ServerBehaviour;
  readonly powers?: Powers;
  /** Measures the statistics that BatchNorm layers would see in eval mode too, at one more pass per client. */
  readonly measureStatistics?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The first query is the one whose answer is aggregated. */
export interface ClientRecord extends Exchange {
  /** False when the upload got lost between C10 and S3. */
  readonly arrived: boolean;
  /** True for a client that the server added. */
  readonly sybil: boolean;
  /** Further queries of the same round, and their answers. */
  readonly repeats: readonly Exchange[];
}

export interface RoundRecord {
  readonly round: number;
  /** Everybody who was chosen, the server's own clients too. */
  readonly cohort: readonly ClientId[];
  /** Who trained, in that order. */
  readonly clients: ReadonlyMap<ClientId, ClientRecord>;
  /** Whose upload got lost. */
  readonly dropouts: readonly ClientId[];
  /** Who refused the payload (hook C0), and why. */
  readonly refusals: ReadonlyMap<ClientId, Verdict>;
  /** The defense that keeps single uploads from the server; null when it sees them. */
  readonly hiddenBy: string | null;
  readonly aggregate: Update;
  readonly released: Weights;
  readonly receipts: readonly Receipt[];
}

/** Every client refused the server's payload (hook C0). */
export class PayloadRefusedError extends Error {
  override name = "PayloadRefusedError";
}

/**
 * Throws UnsupportedDefenseError, CapabilityError and PayloadRefusedError before anything is aggregated, RangeError on a broken protocol, and
 * the signal's reason when it is aborted.
 */
export async function runRound(options: RoundOptions): Promise<RoundRecord> {
  const { round, global, protocol, random, trainer, signal, memory = createMemory() } = options;
  checkProtocol(protocol);
  const pipeline = openPipeline(arrange(protocol.defenses, protocol), round, random, memory);
  const hiding = pipeline.defenses.find(hidesUploads);
  const hidden = hiding !== undefined;
  const server = bind(options.server ?? {}, options.powers ?? protocolOnly, round);
  const answers: ServerView["answers"][number][] = [];
  const seen = () => [...memory.seen, { round, answers: [...answers], hidden, aggregate: null }];

  const participants = [...chooseClients(), ...addSybils()];
  const tools: ClientTools = {
    protocol,
    pipeline,
    memory,
    trainer,
    random,
    signal,
    measureStatistics: options.measureStatistics ?? false,
  };
  const refusals = new Map<ClientId, Verdict & { defense: string }>();
  const trained = new Map<Participant, Trained>();
  for (const participant of participants) {
    signal?.throwIfAborted();
    const payload = send(participant.id);
    const refusal = vet(participant, payload, tools);
    if (refusal) refusals.set(participant.id, refusal);
    else trained.set(participant, await train(participant, payload, 0, tools));
  }
  if (refusals.size > 0 && trained.size === 0) throw new PayloadRefusedError(describe(refusals));

  const announced = talk("before-upload", () => true);
  const exchanges = new Map(
    [...trained].map(([participant, formed]) => [participant, upload(participant, formed, tools)]),
  );
  const lost = (participant: Participant) =>
    !isSybil(participant) && random.split("dropout", round, participant.id).uniform() < protocol.dropout;
  const dropouts = [...exchanges.keys()].filter(lost).map(({ id }) => id);
  const arrived = ({ id }: Participant) => !dropouts.includes(id);
  const clients = new Map<ClientId, ClientRecord>();
  for (const [participant, exchange] of exchanges) {
    if (arrived(participant)) answers.push({ client: participant.id, ...exchange });
    clients.set(participant.id, {
      ...exchange,
      arrived: arrived(participant),
      sybil: isSybil(participant),
      repeats: [],
    });
  }
  for (const participant of [...exchanges.keys()].filter(arrived)) {
    clients.set(participant.id, { ...clients.get(participant.id)!, repeats: await queryAgain(participant) });
  }
  const told = talk("after-collect", arrived);
  const inboxes = new Map([...told].map(([id, messages]) => [id, [...(announced.get(id) ?? []), ...messages]]));
  const { aggregate, released } = aggregateUploads(
    {
      global,
      messages: [...clients.values()].flatMap((client) => (client.arrived ? [client.message] : [])),
      samples: new Map([...clients].map(([id, { samples }]) => [id, samples])),
      inboxes,
    },
    protocol,
    pipeline,
  );
  if (options.server) memory.seen.push({ round, answers, hidden, aggregate });
  return {
    round,
    cohort: participants.map(({ id }) => id),
    clients,
    dropouts,
    refusals,
    hiddenBy: hiding?.id ?? null,
    aggregate,
    released,
    receipts: pipeline.receipts(),
  };

  /** S0 */
  function chooseClients(): Participant[] {
    const pool = options.clients.map(({ id }) => id);
    // A defense that samples does so from everybody: its accounting rests on its own probabilities.
    const sampling = pipeline.defenses.some(({ hooks }) => hooks.selectCohort);
    const start = sampling ? pool : sampleCohort(protocol.cohort, pool, random.split("cohort", round));
    const drawn = pipeline.through("selectCohort", "server", start as readonly ClientId[], (act, ids, own) =>
      act(ids, { round, inbox: [], ...own }),
    );
    const cohort = server.cohort(drawn, pool, seen());
    return options.clients
      .filter(({ id }) => cohort.includes(id))
      .map(({ id, data }) => ({ id, source: { kind: "client", data } }));
  }

  function addSybils(): Participant[] {
    const first = options.clients.reduce((largest, { id }) => Math.max(largest, id), -1) + 1;
    return server.sybils(seen()).map((source, i) => ({ id: first + i, source }));
  }

  /** S1 */
  function send(client: ClientId): Payload {
    return pipeline.through("distribute", "server", server.payload(client, global, seen()), (act, sent, own) =>
      act(sent, client, { round, inbox: [], ...own }),
    );
  }

  /** C11 */
  function talk(phase: "before-upload" | "after-collect", takesPart: (participant: Participant) => boolean) {
    const members = [...trained].filter(([participant]) => takesPart(participant));
    return exchangeMessages(
      pipeline,
      phase,
      new Map(
        members.map(([participant, { payload, samples }]) => {
          const context = contextOf(participant, tools, payload);
          const weight = protocol.weighting === "samples" ? samples : 1;
          return [participant.id, (own: Own) => ({ ...context(own), weight })] as const;
        }),
      ),
    );
  }

  async function queryAgain(participant: Participant): Promise<Exchange[]> {
    const repeats: Exchange[] = [];
    for (;;) {
      signal?.throwIfAborted();
      const payload = isSybil(participant) ? null : server.again(participant.id, seen());
      if (!payload) return repeats;
      const single = hiding ?? pipeline.defenses.find(({ hooks }) => hooks.peerExchange);
      if (single) {
        throw new UnsupportedDefenseError(
          `round ${round}: client ${participant.id} is queried again, but defense ${single.id} takes the whole cohort; play another round`,
        );
      }
      const refusal = vet(participant, payload, tools);
      if (refusal) {
        refusals.set(participant.id, refusal);
        return repeats;
      }
      const formed = await train(participant, payload, repeats.length + 1, tools);
      const exchange = upload(participant, formed, tools);
      repeats.push(exchange);
      answers.push({ client: participant.id, ...exchange });
    }
  }
}

const describe = (refusals: ReadonlyMap<ClientId, Verdict & { readonly defense: string }>): string =>
  [...refusals]
    .map(([client, { defense, action, report }]) => `client ${client}, defense ${defense}: ${action}: ${report}`)
    .join("; ");

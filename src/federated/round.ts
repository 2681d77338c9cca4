// One FedSGD round through the whole hook pipeline. The four views of spec/defenses.md 0.1 stay apart: what each client got, what
// each uploaded, the aggregate, and the model after the server's step.
import type { Batch } from "../data/dataset.js";
import { readRows } from "../data/dataset.js";
import type { Random } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Weights } from "../models/define.js";
import type {
  AttachedDefense,
  ClientBatch,
  ClientContext,
  ClientId,
  Hooks,
  Need,
  Payload,
  Update,
  WireMessage,
} from "./hooks.js";
import { stages } from "./hooks.js";
import { closeBook, note, openBook, type Receipt } from "./receipt.js";
import type { Trainer } from "./training.js";
import { plainBytes, weightedSum } from "./update.js";

export interface Client {
  readonly id: ClientId;
  readonly data: Batch;
}

export interface RoundOptions {
  readonly round: number;
  readonly clients: readonly Client[];
  readonly batchSize: number;
  readonly learningRate: number;
  /** The server's message to a client; the same for all from an honest server. */
  readonly payloadFor: (client: ClientId) => Payload;
  readonly defenses: readonly AttachedDefense[];
  readonly trainer: Trainer;
  readonly random: Random;
}

export interface ClientRecord {
  readonly payload: Payload;
  /** The batch that was really used: truth, for scoring only. */
  readonly batch: ClientBatch;
  readonly message: WireMessage;
  readonly loss: number;
}

export interface RoundRecord {
  readonly round: number;
  readonly clients: ReadonlyMap<ClientId, ClientRecord>;
  readonly aggregate: Update;
  readonly released: Weights;
  readonly receipts: readonly Receipt[];
}

/** A federation that cannot carry a defense says so instead of skipping it. */
export class UnsupportedDefenseError extends Error {
  override name = "UnsupportedDefenseError";
}

/** A client refused the server's payload (hook C0). */
export class PayloadRefusedError extends Error {
  override name = "PayloadRefusedError";
}

const supplied: ReadonlySet<Need> = new Set<Need>(["perSampleGrad"]);
const unsupportedHooks = ["peerExchange", "lossTerms", "localStep"] as const satisfies readonly (keyof Hooks)[];

/** Defenses in canonical order. Throws UnsupportedDefenseError when one needs what this round cannot supply. */
export function arrange(defenses: readonly AttachedDefense[]): AttachedDefense[] {
  const twice = defenses.find(({ id }, position) => defenses.findIndex((other) => other.id === id) !== position);
  if (twice)
    throw new UnsupportedDefenseError(`defense ${twice.id} is attached twice; a round holds each defense once`);
  for (const { id, needs, hooks } of defenses) {
    const need = needs.find((name) => !supplied.has(name));
    if (need) throw new UnsupportedDefenseError(`defense ${id} needs "${need}", which a FedSGD round cannot supply`);
    const hook = unsupportedHooks.find((name) => hooks[name]);
    if (hook) throw new UnsupportedDefenseError(`defense ${id} acts at "${hook}", which a FedSGD round does not have`);
  }
  return [...defenses].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
}

export async function runRound(options: RoundOptions): Promise<RoundRecord> {
  const defenses = arrange(options.defenses);
  const books = new Map(defenses.map((defense) => [defense.id, openBook()]));
  // By hook too: two hooks of one defense must not draw the same numbers.
  const streamOf = (defense: AttachedDefense, hook: keyof Hooks, client: ClientId | "server") =>
    options.random.split("defense", defense.id, options.round, hook, client);

  /** Lets every defense that has `hook` change `value`, in canonical order, and notes time and change. */
  const through = <K extends keyof Hooks, V>(
    hook: K,
    client: ClientId | "server",
    value: V,
    apply: (act: NonNullable<Hooks[K]>, value: V, random: Random) => V,
  ): V =>
    defenses.reduce((current, defense) => {
      const act = defense.hooks[hook];
      if (!act) return current;
      const started = performance.now();
      const next = apply(act as NonNullable<Hooks[K]>, current, streamOf(defense, hook, client));
      note(books.get(defense.id)!, client, current, next, performance.now() - started);
      return next;
    }, value);

  const server = (random: Random) => ({ round: options.round, random });
  const pool = options.clients.map(({ id }) => id);
  const cohort = through("selectCohort", "server", pool as readonly ClientId[], (act, ids, random) =>
    act(ids, server(random)),
  );

  const clients = new Map<ClientId, ClientRecord>();
  for (const { id, data } of options.clients.filter((client) => cohort.includes(client.id))) {
    const payload = through("distribute", "server", options.payloadFor(id), (act, sent, random) =>
      act(sent, id, server(random)),
    );
    clients.set(id, await trainClient(id, data, payload));
  }

  const messages = through(
    "collect",
    "server",
    [...clients.values()].map(({ message }) => message) as readonly WireMessage[],
    (act, received, random) => act(received, server(random)),
  );
  const counts = messages.map(({ client }) => clients.get(client)!.batch.labels.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((count) => count / total);
  const plain = weightedSum(
    messages.map(({ update }) => update),
    shares,
  );
  const summed = through("aggregate", "server", plain, (act, _, random) => act(messages, shares, server(random)));
  const aggregate = through("afterAggregate", "server", summed, (act, update, random) => act(update, server(random)));
  const base = options.payloadFor(cohort[0]!).weights;
  const stepped = descend(base, aggregate, options.learningRate);
  const released = through("applyServerStep", "server", stepped, (act, _, random) =>
    act(base, aggregate, options.learningRate, server(random)),
  );
  return {
    round: options.round,
    clients,
    aggregate,
    released,
    receipts: defenses.map(({ id }) => closeBook(id, books.get(id)!)),
  };

  async function trainClient(id: ClientId, data: Batch, payload: Payload): Promise<ClientRecord> {
    const context = (random: Random): ClientContext => ({
      client: id,
      round: options.round,
      random,
      payload,
      sampleCount: data.labels.length,
    });
    for (const defense of defenses) {
      const verdict = defense.hooks.vetPayload?.(payload, [], context(streamOf(defense, "vetPayload", id)));
      if (!verdict) continue;
      books.get(defense.id)!.identity = false;
      if (verdict.action !== "accept") {
        throw new PayloadRefusedError(`client ${id}, defense ${defense.id}: ${verdict.action}: ${verdict.report}`);
      }
    }
    const prepared = through("prepareDataset", id, data, (act, local, random) => act(local, context(random)));
    const everything = prepared.labels.map((_, position) => position).slice(0, options.batchSize);
    const drawn = through("drawBatch", id, everything as readonly number[], (act, _, random) =>
      act(prepared, options.batchSize, context(random)),
    );
    const batch = through("transformBatch", id, readRows(prepared, drawn) as ClientBatch, (act, rows, random) =>
      act(rows, context(random)),
    );
    const model = through("wrapModel", id, payload.model, (act, current, random) => act(current, context(random)));
    const worn = { ...payload, model };
    const { update: raw, loss } = await options.trainer.gradient(worn, batch);
    const wantsSamples = defenses.some(({ needs }) => needs.includes("perSampleGrad"));
    const perSample = wantsSamples ? await perSampleGradients(worn, batch) : undefined;
    const backward = through("insideBackward", id, raw, (act, update, random) =>
      act(update, { ...context(random), ...(perSample ? { perSample } : {}) }),
    );
    const perturbed = through("afterGradient", id, backward, (act, update, random) => act(update, context(random)));
    const final = through("afterLocalTraining", id, perturbed, (act, update, random) => act(update, context(random)));
    const plainMessage: WireMessage = { client: id, update: final, bytes: plainBytes(final) };
    const message = through("beforeUpload", id, plainMessage, (act, sent, random) => act(sent, context(random)));
    return { payload, batch, message, loss };
  }

  async function perSampleGradients(payload: Payload, batch: ClientBatch): Promise<Update[]> {
    const gradients: Update[] = [];
    for (let row = 0; row < batch.labels.length; row++) {
      gradients.push((await options.trainer.gradient(payload, readRows(batch, [row]))).update);
    }
    return gradients;
  }
}

function descend(weights: Weights, update: Update, learningRate: number): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const step = update.get(name)?.data;
      // Buffers are in no update.
      if (!step) return [name, { shape, data }];
      return [
        name,
        tensor(
          shape,
          data.map((value, i) => value - learningRate * step[i]!),
        ),
      ];
    }),
  );
}

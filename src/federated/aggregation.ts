// The server's end of a round (hooks S2 to S5): what arrived, averaged, and the step along it.
import type { Weights } from "../models/define.js";
import { averageBuffers } from "./batch-statistics.js";
import type { ClientId, Payload, PeerMessage, ServerContext, Update, WireMessage } from "./hooks.js";
import type { Own, Pipeline } from "./pipeline.js";
import type { Protocol } from "./protocol.js";
import { addable, descend, weightedSum, zeroUpdate } from "./update.js";

export interface Arrivals {
  readonly global: Payload;
  readonly messages: readonly WireMessage[];
  /** n_k by client. */
  readonly samples: ReadonlyMap<ClientId, number>;
  /** What clients sent to the server in hook C11, by defense. */
  readonly inboxes: ReadonlyMap<string, readonly PeerMessage[]>;
}

export interface Outcome {
  readonly aggregate: Update;
  readonly released: Weights;
}

/** The aggregate and the next global model. A round in which nothing arrived has an aggregate of zeros, to which noise may still be added. */
export function aggregateUploads(
  { global, messages, samples, inboxes }: Arrivals,
  protocol: Protocol,
  pipeline: Pipeline,
): Outcome {
  const context = (defense: string, own: Own): ServerContext => ({
    round: pipeline.round,
    inbox: inboxes.get(defense) ?? [],
    ...own,
  });
  const read = pipeline.through("collect", "server", messages, (act, received, own, id) =>
    act(received, context(id, own)),
  );
  const shares = sharesOf(read, samples, protocol.weighting);
  const updates = read.map(({ update }) => update);
  const decided = pipeline.defenses.some(({ hooks }) => hooks.aggregate);
  const plain =
    updates.length === 0
      ? zeroUpdate(global.model)
      : decided && !addable(updates)
        ? null
        : weightedSum(updates, shares);
  const scope = { scope: "aggregate" };
  const summed =
    updates.length === 0
      ? plain!
      : pipeline.through(
          "aggregate",
          "server",
          plain,
          (act, _, own, id) => act(read, shares, context(id, own)),
          scope,
        )!;
  const aggregate = pipeline.through(
    "afterAggregate",
    "server",
    summed,
    (act, sum, own, id) => act(sum, context(id, own)),
    scope,
  );
  const sent = read.flatMap(({ buffers }) => (buffers && fits(global, buffers) ? [buffers] : []));
  const base = sent.length === read.length ? averageBuffers(global.weights, sent, shares) : global.weights;
  const rate = protocol.serverLearningRate;
  const released = pipeline.through(
    "applyServerStep",
    "server",
    descend(base, aggregate, rate),
    (act, _, own, id) => act(base, aggregate, rate, context(id, own)),
    { scope: "weights" },
  );
  return { aggregate, released };
}

function sharesOf(
  messages: readonly WireMessage[],
  samples: ReadonlyMap<ClientId, number>,
  weighting: Protocol["weighting"],
): number[] {
  const counts = messages.map(({ client }) => (weighting === "samples" ? samples.get(client)! : 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 1 / counts.length : count / total));
}

const fits = ({ model }: Payload, buffers: Weights): boolean => model.buffers.every(({ name }) => buffers.has(name));

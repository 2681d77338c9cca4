// Secure aggregation (Bonawitz et al., CCS 2017; spec/defenses.md section 3): uploads are masked so that the server reads their weighted
// average and nothing else. Ours bounds the fixed-point range by the clip norm, and may add each client's share of distributed noise.
import { z } from "zod";
import type {
  ClientContext,
  ClientId,
  PeerContext,
  PeerMessage,
  ServerContext,
  Update,
  WireMessage,
} from "../../federated/hooks.js";
import { mapUpdate, updateNorm } from "../../federated/update.js";
import { tensor } from "../../math/tensor.js";
import { defineDefense } from "../define.js";
import { guarantee } from "../guarantee.js";
import { decodeSum, encode, fixedPointFor } from "./fixed-point.js";
import { digestOf, KEY_BYTES } from "./masks.js";
import { createParty, type Party } from "./secure-aggregation-client.js";
import { type Advert, kindOf, readAdvert, readAnswer, SecureAggregationError } from "./secure-aggregation-messages.js";
import { unmask } from "./secure-aggregation-server.js";

const options = z.object({
  clip: z
    .number()
    .gt(0)
    .default(8)
    .describe("largest Euclidean norm of an update; also the range of the fixed-point numbers (Flower: ±8)"),
  threshold: z
    .number()
    .min(0.5)
    .lt(1)
    .default(2 / 3)
    .describe("more than this share of the clients must stay to the end, or nothing is revealed"),
  minClients: z.int().min(2).default(2).describe("fewer clients are refused: the sum of one is its upload"),
  bindPayload: z
    .boolean()
    .default(false)
    .describe("bind masks to the hash of the model received: they cancel only where all clients got the same one"),
  noiseMultiplier: z
    .number()
    .min(0)
    .default(0)
    .describe("distributed differential privacy: noise of the sum as a share of the clip norm; 0 for none"),
  noiseAmong: z
    .number()
    .min(1)
    .default(1)
    .describe("honest clients who share that noise's variance; 1: every client adds all of it (local)"),
  delta: z.number().gt(0).lt(1).default(1e-5).describe("of the guarantee, where there is noise"),
});
type Options = z.infer<typeof options>;

const PARTY = "party";
/** Of the noise's standard deviations, how many fit into the fixed-point range: one draw in 5·10^8 is cut off. */
const NOISE_RANGE = 6;

/** Standard deviation of what one client adds to each number. */
const deviationOf = ({ clip, noiseMultiplier, noiseAmong }: Options): number =>
  (clip * noiseMultiplier) / Math.sqrt(noiseAmong);

const thresholdOf =
  ({ threshold }: Options) =>
  (clients: number): number =>
    Math.floor(threshold * clients) + 1;

const formatOf = (chosen: Options, clients: number) =>
  fixedPointFor(chosen.clip + NOISE_RANGE * deviationOf(chosen), clients);

/** In hook C9, which clients of the server's own pass by: they follow the protocol of the masks and no other. */
function clipAndNoise(chosen: Options, update: Update, { client, random }: ClientContext): Update {
  const norm = updateNorm(update);
  if (!Number.isFinite(norm)) {
    throw new SecureAggregationError(
      `client ${client}: its update holds numbers that are not finite; see its training`,
    );
  }
  const scale = norm > chosen.clip ? chosen.clip / norm : 1;
  const deviation = deviationOf(chosen);
  if (scale === 1 && deviation === 0) return update;
  return mapUpdate(update, (value) => value * scale + (deviation === 0 ? 0 : deviation * random.normal()));
}

function exchange(chosen: Options, inbox: readonly PeerMessage[], context: PeerContext): PeerMessage[] {
  const { client, round, phase, members, memory, random, weight } = context;
  const to = (target: PeerMessage["to"], body: Uint8Array): PeerMessage => ({ from: client, to: target, body });
  const [first] = inbox;
  if (phase === "after-collect") {
    const answer = (memory.get(PARTY) as Party).reveal(members);
    return answer ? [to("server", answer)] : [];
  }
  if (!first) {
    if (members.length < chosen.minClients) {
      throw new SecureAggregationError(
        `round ${round}: secure aggregation of ${members.length} client(s) hides nothing, it takes ${chosen.minClients} or more; ` +
          "set federation.clients (and perRound) accordingly",
      );
    }
    const party = createParty({ client, round, weight, threshold: thresholdOf(chosen), random });
    memory.set(PARTY, party);
    const advert = party.advertise();
    return [...members.filter((peer) => peer !== client), "server" as const].map((target) => to(target, advert));
  }
  const party = memory.get(PARTY) as Party;
  const bodies = new Map(inbox.map(({ from, body }) => [from, body]));
  if (kindOf(first.body) === "advert") return [...party.share(bodies)].map(([peer, body]) => to(peer, body));
  party.receive(bodies);
  return [];
}

function mask(chosen: Options, message: WireMessage, { client, payload, memory, random }: ClientContext): WireMessage {
  const party = memory.get(PARTY) as Party;
  const { clients, largestWeight } = party.cohort;
  const share = largestWeight === 0 ? 1 : party.weight / largestWeight;
  const tensors = [...message.update.values()];
  const flat = new Float64Array(tensors.reduce((sum, { data }) => sum + data.length, 0));
  let filled = 0;
  for (const { data } of tensors) for (const value of data) flat[filled++] = share * value;
  if (flat.some(Number.isNaN)) throw new SecureAggregationError(`client ${client}: its update holds NaN`);
  const words = encode(flat, formatOf(chosen, clients), random);
  const masked = party.mask(words, chosen.bindPayload ? digestOf(payload) : new Uint8Array(KEY_BYTES));
  let read = 0;
  const update = new Map(
    [...message.update].map(([name, { shape, data }]) => {
      const part = Float64Array.from(masked.subarray(read, read + data.length));
      read += data.length;
      return [name, tensor(shape, part)];
    }),
  );
  return { ...message, update, bytes: Uint32Array.BYTES_PER_ELEMENT * flat.length };
}

function average(chosen: Options, messages: readonly WireMessage[], { round, inbox }: ServerContext): Update {
  const sent = (kind: ReturnType<typeof kindOf>) => inbox.filter(({ body }) => kindOf(body) === kind);
  const adverts = new Map(sent("advert").map(({ from, body }) => [from, readAdvert(body)]));
  const inputs = new Map(
    messages.map(({ client, update }) => [
      client,
      Uint32Array.from([...update.values()].flatMap(({ data }) => [...data])),
    ]),
  );
  const sum = unmask({
    round,
    threshold: thresholdOf(chosen)(adverts.size),
    adverts,
    inputs,
    answers: new Map(sent("answer").map(({ from, body }) => [from, readAnswer(body)])),
  });
  const values = decodeSum(sum, inputs.size, formatOf(chosen, adverts.size));
  const total = totalShare(adverts, [...inputs.keys()]);
  let read = 0;
  return new Map(
    [...messages[0]!.update].map(([name, { shape, data }]) => {
      const part = Float32Array.from(values.subarray(read, read + data.length), (value) => value / total);
      read += data.length;
      return [name, tensor(shape, part)];
    }),
  );
}

/** Σ of the survivors' weights over the largest of all. */
function totalShare(adverts: ReadonlyMap<ClientId, Advert>, survivors: readonly ClientId[]): number {
  const largest = Math.max(...[...adverts.values()].map(({ weight }) => weight));
  if (largest === 0) return survivors.length;
  const total = survivors.reduce((sum, client) => sum + adverts.get(client)!.weight / largest, 0);
  // Of nobody's samples the average is nothing.
  return total === 0 ? 1 : total;
}

export default defineDefense({
  id: "secure-aggregation",
  title: "Secure aggregation",
  summary:
    "Masks every upload so that the server learns the clients' weighted average only; clients who drop out are tolerated up to a threshold. Without a PKI: sybils and small cohorts get around it.",
  source: "Bonawitz et al. 2017, figure 4 (recalled); defaults of Flower's SecAgg+ (read in code)",
  at: "aggregation",
  family: "formal",
  stage: "masking",
  needs: ["peerChannel"],
  randomness: "seeded",
  options,
  advice: "turn on secure aggregation (SecAgg+ in Flower), with large cohorts and with masks bound to the model's hash",
  inFrameworks: {
    Flower:
      "secaggplus_mod (flwr.client.mod) among the ClientApp's mods and SecAggPlusWorkflow(num_shares, reconstruction_threshold) (flwr.server.workflow) in the ServerApp; neither binds masks to the model",
    TensorFlow: "TensorFlow Federated: tff.learning.secure_aggregator(zeroing, clipping, weighted)",
    "NVIDIA FLARE":
      "no masks; HEModelEncryptor among the client's filters encrypts updates homomorphically, which hides single updates from the server, too",
  },
  hooks: (chosen) => ({
    afterLocalTraining: (update, context) => clipAndNoise(chosen, update, context),
    peerExchange: (inbox, context) => exchange(chosen, inbox, context),
    beforeUpload: (message, context) => mask(chosen, message, context),
    collect: (messages, { round, inbox }) => {
      if (messages.length === 0 && inbox.length > 0) {
        throw new SecureAggregationError(`secure aggregation of round ${round} failed: no masked input arrived`);
      }
      return messages;
    },
    aggregate: (messages, _, context) => average(chosen, messages, context),
  }),
  privacy: ({ noiseMultiplier, noiseAmong, delta }, { rounds }) =>
    noiseMultiplier === 0
      ? null
      : guarantee({
          unit: "client",
          delta,
          mechanism: { sampling: 1, noise: noiseMultiplier, steps: rounds },
          steps: `${rounds} round(s)`,
          provided:
            noiseAmong === 1
              ? "every client adds all of the noise itself"
              : `it rests on ${noiseAmong} honest clients in every round: those whom the server adds bring no noise`,
        }),
});

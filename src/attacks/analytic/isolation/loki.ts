// LOKI: every client is sent kernels that put its pictures into channels of its own, so that a sum of updates still holds them apart; each
// picture that is alone in its bin comes back from the bin's row. Bins follow the brightness that earlier rounds showed. The paper scales a row by
// its largest entry, ours only where its bin admits that; which bins fired is read off the rows, with no look at any activation.
import { z } from "zod";
import type { ClientId, Payload, Update } from "../../../federated/hooks.js";
import type { Answer } from "../../../threat/observation.js";
import { defineAttack } from "../../define.js";
import { modelRange } from "../../optimization/pixels.js";
import { distributionOf, edgeAt, type QueryDistribution, queriesOf, queryOf } from "../bins.js";
import { claimHits } from "../hits.js";
import { type BinScale, type Isolated, readRows } from "./isolated-rows.js";
import { isolateClients, QUERY_WEIGHT } from "./isolating-block.js";
import { lokiProofs } from "./loki-proofs.js";

const options = z.object({
  bins: z.int().min(2).default(256).describe("rows of the block, four for each picture of a client in the paper"),
  edges: z
    .enum(["smooth", "normal", "empirical"])
    .default("smooth")
    .describe(
      "bin edges: quantiles of a kernel estimate of the brightness, of a normal fit (authors), or of the sample",
    ),
  scale: z
    .number()
    .gt(0)
    .default(1e5)
    .describe(
      "convolutional scaling factor: a row that fired is pushed out of reach of later local steps; 1 is MANDRAKE (authors: 500 in front of " +
        "weights of 1000; ours are 1 / bins, so that activations keep the size of a pixel)",
    ),
  brightness: z
    .enum(["bin", "max"])
    .default("bin")
    .describe(
      "how a row becomes a picture: to a largest pixel of 1 (authors: max), or to that only where its bin admits it and else by the brightness that the bin stands for",
    ),
  learn: z
    .boolean()
    .default(true)
    .describe("move the bins to the mean and deviation of the brightness that earlier rounds gave away"),
  threshold: z.number().gt(0).default(1e-4).describe("rows with a smaller share of the largest norm count as empty"),
});
type Options = z.infer<typeof options>;

/** Found pictures from which the mean and deviation of their brightness say more than the surrogate's. */
const FEWEST_TO_LEARN = 12;

/** The shape of the surrogate's brightness with the mean and deviation of what was found. */
function moved(surrogate: Float64Array, found: Float64Array): Float64Array {
  if (found.length < FEWEST_TO_LEARN) return surrogate;
  const [own, seen] = [distributionOf(surrogate), distributionOf(found)];
  return surrogate.map((query) => seen.mean + ((query - own.mean) * seen.deviation) / own.deviation);
}

/** Limits of the bins, and what each stands for, on the mean above `low` of pictures whose highest is `highest`. */
function placeBins(
  distribution: QueryDistribution,
  { bins, edges: rule }: Pick<Options, "bins" | "edges">,
  highest: number,
): BinScale {
  const least = 1e-6 * highest;
  const edges = new Float64Array(bins + 1);
  for (let i = 1; i < bins; i++) edges[i] = edgeAt(distribution, i / bins, rule);
  // The outer bins hold all that is darker or brighter, from black to white.
  edges[0] = Math.min(-least, edges[1]! - least);
  edges[bins] = Math.max(highest, edges[bins - 1]!) + least;
  for (let i = 1; i <= bins; i++) edges[i] = Math.max(edges[i]!, edges[i - 1]! + least);
  const centres = Float64Array.from({ length: bins }, (_, i) => edgeAt(distribution, (i + 0.5) / bins, rule));
  return { edges, centres };
}

export default defineAttack({
  id: "loki",
  title: "LOKI",
  summary:
    "A malicious server sends each client kernels of its own, so that even a secure sum keeps the clients' pictures apart; those alone in a bin come back.",
  paper: {
    authors: "Zhao, Sharma, Elkordy, Ezzeldin, Avestimehr, Bagchi",
    title: "LOKI: Large-scale Data Reconstruction Attack against Federated Learning through Model Manipulation",
    year: 2024,
    venue: "IEEE S&P",
    seedRef: 107,
    url: "https://arxiv.org/abs/2303.12233",
  },
  category: "analytic/isolation",
  needs: ["updates", "basicKnowledge", "trainingDetails", "surrogateData", "activeManipulation"],
  works: { algorithms: ["FedSGD", "FedAvg"], modalities: ["image"], maxBatch: 256 },
  options,
  control: { model: "convnet", batchSize: 8, seed: 1, options: {}, federation: { clients: 2, samples: 8 }, bar: 40 },
  proofs: lokiProofs,
  async prepare({ surrogate }) {
    return queriesOf(surrogate.inputs.data, surrogate.labels.length);
  },
  async arm({ payload, prepared, clients, basicKnowledge }, chosen) {
    const shape = payload.model.inputShape;
    const ranges = Array.from({ length: shape[0] }, (_, channel) => modelRange(basicKnowledge, channel));
    const low = ranges.map(([least]) => least);
    const [lowest, highest] = [queryOf(low), queryOf(ranges.map(([, most]) => most))];
    const secret: Isolated = { clients, low, scales: new WeakMap() };
    /** Of the round that is being played: the answers before it, and what they led to. */
    let current: { readonly before: readonly Update[]; readonly isolated: (client: ClientId) => Payload } | undefined;

    function isolate(before: readonly Answer[]) {
      const found = chosen.learn
        ? before.flatMap((answer) => readRows(answer, secret, basicKnowledge, chosen).flat())
        : [];
      const queries = moved(
        prepared,
        Float64Array.from(found, ({ input }) => queryOf(input)),
      );
      const scale = placeBins(distributionOf(queries.map((query) => query - lowest)), chosen, highest - lowest);
      const isolated = isolateClients(payload, { clients, edges: scale.edges, scale: chosen.scale, low });
      secret.scales.set(isolated(0).weights.get(QUERY_WEIGHT)!, scale);
      return isolated;
    }
    return {
      secret,
      payload(round, client, history) {
        const before = history.filter((answer) => answer.round < round);
        const updates = before.map(({ view }) => view.update);
        if (current?.before.length !== updates.length || updates.some((update, i) => update !== current?.before[i])) {
          current = { before: updates, isolated: isolate(before) };
        }
        return current.isolated(client);
      },
    };
  },
  async run({ observation: { updates, basicKnowledge }, secret }, chosen) {
    const round = updates.rounds[0]!;
    const hits = readRows(round, secret, basicKnowledge, chosen);
    const told = hits.flatMap(({ length }, client) => (length > 0 ? [`${length} of client ${client}`] : []));
    return claimHits(hits.flat(), round, basicKnowledge, [
      told.length === 0 ? "no row gave a candidate inside the pixel range" : `candidates by client: ${told.join(", ")}`,
    ]);
  },
});

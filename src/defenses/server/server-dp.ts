// Central differential privacy of clients: DP-FedAvg and DP-FedSGD (McMahan et al., ICLR 2018; spec/defenses.md section 1), with the adaptive
// clip norm of Andrew et al. 2021. All clients weigh the same here, since the sum of weights of those who stay away is nobody's to know.
// Adaptive clipping counts those *within* the norm, as the paper has it (Flower's code counts the others).
import { z } from "zod";
import type { Memory, ServerContext, Update } from "../../federated/hooks.js";
import { mapUpdate, updateNorm, weightedSum } from "../../federated/update.js";
import type { Random } from "../../math/random.js";
import { clipTensors, clipUpdate } from "../clip.js";
import { defineDefense } from "../define.js";
import { guarantee } from "../guarantee.js";

const options = z.object({
  clip: z
    .number()
    .gt(0)
    .default(1)
    .describe("largest Euclidean norm of an update; where it adapts, the first round's (Andrew: 0.1)"),
  noiseMultiplier: z.number().min(0).default(1).describe("standard deviation of the noise over the sensitivity"),
  sampling: z
    .number()
    .gt(0)
    .lte(1)
    .default(1)
    .describe("probability with which each client takes part in a round (Poisson); 1: the federation's own cohorts"),
  clipping: z
    .enum(["flat", "layer", "adaptive"])
    .default("flat")
    .describe("clip whole updates, every tensor to an equal share, or whole updates to a norm that follows a quantile"),
  clipAt: z
    .enum(["server", "client"])
    .default("server")
    .describe("who clips; with the server, uploads are sent as they are"),
  quantile: z.number().gt(0).lt(1).default(0.5).describe("share of updates within the adaptive norm"),
  clipRate: z.number().gt(0).default(0.2).describe("learning rate of the adaptive norm"),
  delta: z.number().gt(0).lt(1).default(1e-5).describe("of the guarantee; at most 1 over the number of clients"),
});
type Options = z.infer<typeof options>;

/** What the server remembers: the norm for the next round, the one that this round was clipped to, how many there are and came. */
const keys = { norm: "norm", applied: "applied", pool: "pool", arrived: "arrived" } as const;
/** Noise of the count of updates within the norm, as a share of the clients who came (Andrew et al.). */
const COUNT_NOISE = 1 / 20;

const numberIn = (memory: Memory, key: string, otherwise: number): number => (memory.get(key) as number) ?? otherwise;
const clipNorm = ({ clip }: Options, memory: Memory): number => numberIn(memory, keys.norm, clip);

function clipped({ clipping }: Options, update: Update, norm: number): Update {
  return clipping === "layer" ? clipTensors(update, norm / Math.sqrt(update.size)) : clipUpdate(update, norm);
}

/** What the sum is divided by: the number expected under sampling, so that who came changes nothing; else of those who came. */
function divisorOf({ sampling }: Options, memory: Memory): number {
  const arrived = numberIn(memory, keys.arrived, 0);
  return sampling < 1 ? sampling * numberIn(memory, keys.pool, arrived) : Math.max(1, arrived);
}

/** Multiplier of the updates' noise when a noisy count is released, too: together they are worth `noiseMultiplier`. */
function updateNoise({ clipping, noiseMultiplier }: Options, arrived: number): number {
  if (clipping !== "adaptive" || noiseMultiplier === 0) return noiseMultiplier;
  const count = 2 * COUNT_NOISE * arrived;
  if (count <= noiseMultiplier) {
    throw new RangeError(
      `adaptive clipping with noise multiplier ${noiseMultiplier} takes more than ${10 * noiseMultiplier} clients in a round, ${arrived} came; ` +
        "set clipping to flat, or lower the noise",
    );
  }
  return 1 / Math.sqrt(noiseMultiplier ** -2 - count ** -2);
}

function adaptNorm(chosen: Options, norms: readonly number[], memory: Memory, random: Random): void {
  const norm = clipNorm(chosen, memory);
  const noise = chosen.noiseMultiplier === 0 ? 0 : COUNT_NOISE * norms.length * random.normal();
  const within = (norms.filter((each) => each <= norm).length + noise) / norms.length;
  memory.set(keys.norm, norm * Math.exp(-chosen.clipRate * (within - chosen.quantile)));
}

function addNoise(chosen: Options, aggregate: Update, { memory, random }: ServerContext): Update {
  const arrived = numberIn(memory, keys.arrived, 0);
  const norm = numberIn(memory, keys.applied, clipNorm(chosen, memory));
  const deviation = (updateNoise(chosen, arrived) * norm) / divisorOf(chosen, memory);
  return deviation === 0 ? aggregate : mapUpdate(aggregate, (value) => value + deviation * random.normal());
}

export default defineDefense({
  id: "server-dp",
  title: "Differential privacy at the server",
  summary:
    "The server clips every client's update and adds noise to their average. Protects what is released, not uploads: the server itself sees those.",
  source: "McMahan et al. 2018 (formulas cross-read in Flower and FedML); adaptive norm of Andrew et al. 2021",
  at: "server",
  family: "formal",
  stage: "server",
  needs: [],
  randomness: "seeded",
  options: options.refine(({ clipping, clipAt }) => clipping !== "adaptive" || clipAt === "server", {
    error: "the adaptive norm is the server's: set clipAt to server",
    path: ["clipAt"],
  }),
  advice:
    "let a server that you trust clip updates and add noise to their sum (Flower's DifferentialPrivacyServerSide wrappers)",
  inFrameworks: {
    Flower:
      "flwr.serverapp.strategy: DifferentialPrivacyServerSideFixedClipping(strategy, noise_multiplier, clipping_norm, num_sampled_clients), or …AdaptiveClipping",
    TensorFlow:
      "TensorFlow Federated: tff.learning.dp_aggregator(noise_multiplier, clients_per_round), with adaptive clipping",
  },
  hooks: (chosen) => ({
    ...(chosen.sampling < 1 && {
      selectCohort: (pool, { memory, random }) => {
        memory.set(keys.pool, pool.length);
        return pool.filter(() => random.uniform() < chosen.sampling);
      },
    }),
    ...(chosen.clipAt === "client" && {
      afterLocalTraining: (update) => clipped(chosen, update, chosen.clip),
    }),
    collect: (messages, { memory }) => {
      memory.set(keys.arrived, messages.length);
      return messages;
    },
    aggregate: (messages, _, { memory, random }) => {
      const norm = clipNorm(chosen, memory);
      memory.set(keys.applied, norm);
      const updates = messages.map(({ update }) => update);
      const share = 1 / divisorOf(chosen, memory);
      if (chosen.clipping === "adaptive") adaptNorm(chosen, updates.map(updateNorm), memory, random);
      return weightedSum(
        updates.map((update) => clipped(chosen, update, norm)),
        updates.map(() => share),
      );
    },
    afterAggregate: (aggregate, context) => addNoise(chosen, aggregate, context),
  }),
  privacy: ({ sampling, noiseMultiplier, delta }, { rounds }) =>
    guarantee({
      unit: "client",
      delta,
      mechanism: { sampling, noise: noiseMultiplier, steps: rounds },
      steps: `${rounds} round(s)`,
      provided: `it covers what the server releases, not the uploads${sampling < 1 ? ", if nobody learns who took part" : ""}`,
    }),
});

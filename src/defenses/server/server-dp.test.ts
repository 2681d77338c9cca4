// Central differential privacy (spec/defenses.md section 1, proofs 1 to 4).
import { describe, expect, it } from "vitest";
import { federation, play } from "../../../test/small-federation.js";
import type { Federation } from "../../federated/federation.js";
import type { ClientId, Hooks, Memory, ServerContext, Update, WireMessage } from "../../federated/hooks.js";
import { addScaled, distortion, mapUpdate, pseudoGradient, updateNorm } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { attach } from "../define.js";
import serverDp from "./server-dp.js";

const hooksOf = (options: Record<string, unknown>) => attach(serverDp, options).hooks as Required<Partial<Hooks>>;
const contextOf = (memory: Memory = new Map(), seed = 1): ServerContext => ({
  round: 0,
  inbox: [],
  memory,
  random: createRandom(seed),
});
const size = 30;
/** An update of two tensors with that norm. */
function updateOf(norm: number, seed: number): Update {
  const random = createRandom(seed);
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal());
  const raw: Update = new Map([
    ["a", tensor([size - 8], draw(size - 8))],
    ["b", tensor([8], draw(8))],
  ]);
  const scale = norm / updateNorm(raw);
  return mapUpdate(raw, (value) => value * scale);
}
const messagesOf = (updates: readonly Update[]): WireMessage[] =>
  updates.map((update, client) => ({ client, update, bytes: 4 * size }));

/** A round at the server: what arrived, summed and noised. */
function serve(
  options: Record<string, unknown>,
  updates: readonly Update[],
  context = contextOf(),
  pool = updates.length,
) {
  const hooks = hooksOf(options);
  hooks.selectCohort?.(Array.from({ length: pool }, (_, i) => i) as ClientId[], context);
  const messages = hooks.collect(messagesOf(updates), context);
  return hooks.afterAggregate(hooks.aggregate(messages, [], context), context);
}

describe("server-dp", () => {
  it.each([
    ["of those who came", { clip: 2, noiseMultiplier: 0.7 }, (0.7 * 2) / 5],
    ["of the number expected", { clip: 2, noiseMultiplier: 0.7, sampling: 0.25 }, (0.7 * 2) / (0.25 * 40)],
  ])("adds noise of deviation z·S over the divisor, %s", (_, options, deviation) => {
    const updates = [1, 2, 3, 4, 5].map((seed) => updateOf(seed, seed));
    const plain = serve({ ...options, noiseMultiplier: 0 }, updates, contextOf(), 40);
    let [sum, count] = [0, 0];
    for (let draw = 0; draw < 2000; draw++) {
      const noised = serve(options, updates, contextOf(new Map(), draw), 40);
      for (const { data } of addScaled(-1, plain, noised).values()) {
        for (const value of data) sum += value * value;
        count += data.length;
      }
    }
    expect(Math.abs(sum / count / deviation ** 2 - 1)).toBeLessThan(0.03);
  });

  it.each(["flat", "layer"])(
    "moves by at most S/(qK) when one client's update is replaced by zero, clipped %s",
    (clipping) => {
      const options = { clip: 1.5, noiseMultiplier: 0, sampling: 0.5, clipping };
      const random = createRandom(3);
      const updates = Array.from({ length: 100 }, (_, i) => updateOf(10 ** (12 * random.uniform() - 6), i));
      const all = serve(options, updates, contextOf(), 200);
      for (let left = 0; left < 100; left++) {
        const without = updates.map((update, i) => (i === left ? mapUpdate(update, () => 0) : update));
        const moved = updateNorm(addScaled(-1, serve(options, without, contextOf(), 200), all));
        expect(moved).toBeLessThanOrEqual(1.5 / (0.5 * 200) + 1e-9);
      }
    },
  );

  it("clips no layer beyond an equal share of the norm", () => {
    const one = serve({ clip: 1, noiseMultiplier: 0, clipping: "layer" }, [updateOf(1e6, 1)]);
    for (const [name, value] of one) expect(updateNorm(new Map([[name, value]]))).toBeCloseTo(Math.SQRT1_2, 9);
  });

  it("lets the adaptive norm grow by e^0.1 a round to the updates' norm, and keeps it there", () => {
    const context = contextOf();
    const options = { clip: 0.1, noiseMultiplier: 0, clipping: "adaptive" };
    const updates = [1, 2, 3, 4].map((seed) => updateOf(1 - 1e-9, seed));
    const norms = Array.from({ length: 60 }, () => {
      serve(options, updates, context);
      return context.memory.get("norm") as number;
    });
    norms.slice(0, 23).forEach((norm, round) => {
      expect(norm).toBeCloseTo(0.1 * Math.exp(0.1 * (round + 1)), 9);
    });
    for (const norm of norms.slice(24)) {
      expect(norm).toBeGreaterThanOrEqual(0.9);
      expect(norm).toBeLessThanOrEqual(1.11);
    }
  });

  it("spends part of its noise on the count, and says when too few clients came for that", () => {
    const updates = Array.from({ length: 40 }, (_, i) => updateOf(1, i));
    const options = { clip: 1, noiseMultiplier: 1, clipping: "adaptive" };
    let [sum, count] = [0, 0];
    const plain = serve({ ...options, clipping: "flat", noiseMultiplier: 0 }, updates);
    for (let draw = 0; draw < 400; draw++) {
      for (const { data } of addScaled(-1, plain, serve(options, updates, contextOf(new Map(), draw))).values()) {
        for (const value of data) sum += value * value;
        count += data.length;
      }
    }
    // σ_b = 40/20 = 2, so that z_Δ = (1 - 1/16)^(-1/2).
    const multiplier = 1 / Math.sqrt(1 - 1 / 16);
    expect(Math.abs(Math.sqrt(sum / count) / (multiplier / 40) - 1)).toBeLessThan(0.03);
    expect(() => serve(options, updates.slice(0, 10))).toThrow("takes more than 10 clients in a round, 10 came");
    expect(() => attach(serverDp, { clipping: "adaptive", clipAt: "client" })).toThrow("set clipAt to server");
  });

  it("draws its cohorts by itself under sampling, an empty one too", async () => {
    const sampled = await play({ rounds: 30, defenses: [attach(serverDp, { sampling: 0.3 })] });
    const sizes = sampled.records.map(({ cohort }) => cohort.length);
    expect(sizes).toContain(0);
    const mean = sizes.reduce((sum, each) => sum + each, 0) / 30;
    expect(mean).toBeGreaterThan(0.6);
    expect(mean).toBeLessThan(1.8);
    // Noise is added all the same: who came must not show.
    const nobody = sampled.records.find(({ cohort }) => cohort.length === 0)!;
    expect(updateNorm(nobody.aggregate)).toBeGreaterThan(0);
  });

  it("leaves uploads as they are, and hides in what it releases", async () => {
    const one = (defenses: Federation["defenses"]) =>
      play({ rounds: 1, clients: federation.clients.slice(0, 1), defenses });
    const [plain, noised] = [(await one([])).records[0]!, (await one([attach(serverDp, {})])).records[0]!];
    const raw = plain.clients.get(0)!.message.update;
    expect(distortion(raw, noised.clients.get(0)!.message.update).identity).toBe(true);
    const seen = pseudoGradient(federation.start.model, federation.start.weights, noised.released);
    expect(Math.abs(distortion(raw, seen).cosine)).toBeLessThan(0.2);
    const byClient = (await one([attach(serverDp, { clip: 0.01, clipAt: "client" })])).records[0]!;
    expect(updateNorm(byClient.clients.get(0)!.message.update)).toBeCloseTo(0.01, 6);
  });

  it("states its guarantee as the accountant has it: T1 of the reference table", () => {
    const exposure = { rounds: 6000, clients: 60000, samples: 1, batchSize: 1, steps: 1, tensors: 8 };
    const options = serverDp.options.parse({ sampling: 150 / 60000, noiseMultiplier: 1.3 });
    const stated = serverDp.privacy!(options, exposure)!;
    expect(Math.abs(stated.epsilon! / 0.7242234026109595 - 1)).toBeLessThan(1e-3);
    expect(stated.text).toBe(
      "differential privacy of a client: ε = 0.7242 at δ = 0.00001 after 6000 round(s), by Rényi accounting; " +
        "it covers what the server releases, not the uploads, if nobody learns who took part",
    );
    expect(serverDp.privacy!(serverDp.options.parse({ noiseMultiplier: 0 }), exposure)!.epsilon).toBeNull();
  });
});

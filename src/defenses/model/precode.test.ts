import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import { compile, createGraph, grad, type Node, sum } from "../../engine/index.js";
import { agreeOnStart } from "../../federated/agreement.js";
import type { Update } from "../../federated/hooks.js";
import { drawNoise } from "../../federated/noise.js";
import { plainProtocol } from "../../federated/protocol.js";
import { runRound } from "../../federated/round.js";
import { createTrainer } from "../../federated/training.js";
import { distortion } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { parameterInputs, parameterValues } from "../../models/define.js";
import { models } from "../../models/index.js";
import { traceLoss } from "../../models/loss.js";
import { attach } from "../define.js";
import precode, { divergence } from "./precode.js";

const shape = [3, 8, 8] as const;

function setting(model: string, seed: number, options: Record<string, unknown> = {}, size = 1) {
  const random = createRandom(seed);
  const defense = attach(precode, { width: 16, ...options });
  const base = freshPayload(models[model]!([...shape], 4), random);
  const protocol = { ...plainProtocol, defenses: [defense] };
  const payload = agreeOnStart(base, protocol, random.split("agreement"));
  return { base, defense, payload, batch: drawBatch(random, [...shape], 4, size) };
}
const upload = async ({ payload, batch, defense }: ReturnType<typeof setting>, seed: number): Promise<Update> =>
  (await playRound({ payload, batch, defenses: [defense], seed })).clients.get(0)!.message.update;

describe("precode", () => {
  it.each([1, 2, 3])(
    "makes two gradients of one sample differ, and equal bit by bit with the same noise, seed %d",
    async (seed) => {
      const given = setting("lenet", seed);
      const [first, again, other] = [await upload(given, 1), await upload(given, 1), await upload(given, 2)];
      expect(distortion(first, again).identity).toBe(true);
      expect(distortion(first, other).relativeL2).toBeGreaterThan(0.01);
    },
  );

  it("adds a bottleneck before the last layer, once, and keeps all other weights", () => {
    const { base, payload, defense } = setting("lenet", 1);
    const names = payload.model.parameters.map(({ name }) => name);
    expect(names.slice(-6)).toEqual([
      "precode.enc.weight",
      "precode.enc.bias",
      "precode.dec.weight",
      "precode.dec.bias",
      "fc.0.weight",
      "fc.0.bias",
    ]);
    expect(payload.weights.get("precode.enc.weight")!.shape).toEqual([32, 48]);
    expect(payload.weights.get("precode.dec.weight")!.shape).toEqual([48, 16]);
    for (const [name, { data }] of base.weights) expect(payload.weights.get(name)!.data).toBe(data);
    const protocol = { ...plainProtocol, defenses: [defense] };
    expect(agreeOnStart(payload, protocol, createRandom(5))).toBe(payload);
    expect(agreeOnStart(base, plainProtocol, createRandom(5))).toBe(base);
  });

  it("adds the divergence in bits to the loss, to 1e-10 of its closed form", async () => {
    const graph = createGraph();
    const [mean, deviation] = [graph.input("mean", [3, 5]), graph.input("deviation", [3, 5])];
    const program = await compile({ value: divergence({ mean, deviation }) }, { backend, dtype: "float64" });
    const random = createRandom(1);
    const [m, s] = [new Float64Array(15), new Float64Array(15)];
    random.fillNormal(m, 0, 2);
    random.fillUniform(s, 0.1, 3);
    const { value } = await program.run({ mean: m, deviation: s });
    const terms = Array.from(m, (mu, i) => (-0.5 * (1 + 2 * Math.log(s[i]!) - mu * mu - s[i]! ** 2)) / Math.LN2);
    const expected = terms.reduce((total, term) => total + term, 0) / 3;
    expect(Math.abs(value![0]! - expected)).toBeLessThan(1e-10);
    await program.dispose();
    const heavy = setting("lenet", 1, { beta: 10 });
    const light = { ...heavy, defense: attach(precode, { width: 16, beta: 0 }) };
    const [on, off] = [await upload(heavy, 1), await upload(light, 1)];
    expect(distortion(off, on).relativeL2).toBeGreaterThan(0.1);
    // The divergence does not depend on what lies behind the encoder.
    expect([...on.get("fc.0.weight")!.data]).toEqual([...off.get("fc.0.weight")!.data]);
  });

  it("has the derivative of the reparameterised sample: central differences to 1e-4", async () => {
    const { payload, batch } = setting("lenet", 2);
    const { model, weights } = payload;
    const graph = createGraph();
    const noise = drawNoise(model, 1, createRandom(3))!;
    const drawn = new Map([...noise].map(([name, data]) => [name, graph.constant({ shape: [1, 16], data })]));
    const inputs = parameterInputs(graph, model);
    const parameter = (name: string): Node => drawn.get(name) ?? inputs(name);
    const x = graph.input("x", [1, ...shape]);
    const targets = graph.input("targets", [1, 4]);
    const { loss, latents } = traceLoss(model, x, targets, { parameter });
    const all = sum(loss);
    const [slope] = grad(all, [parameter("precode.enc.weight")]) as [Node];
    expect(latents).toHaveLength(1);
    const program = await compile({ all, slope }, { backend, dtype: "float64" });
    const values = Object.fromEntries(
      Object.entries(parameterValues(weights)).map(([name, { data }]) => [name, Float64Array.from(data)]),
    );
    const at = (shifts: Record<number, number>) => {
      const moved = values["parameter:precode.enc.weight"]!.slice();
      for (const [i, shift] of Object.entries(shifts)) moved[Number(i)]! += shift;
      return program.run({
        ...values,
        "parameter:precode.enc.weight": moved,
        x: batch.inputs.data,
        targets: Float64Array.of(0, 1, 0, 0),
      });
    };
    const { slope: exact } = await at({});
    for (const i of [3, 500, 900, 1400]) {
      const numeric = ((await at({ [i]: 1e-4 })).all![0]! - (await at({ [i]: -1e-4 })).all![0]!) / 2e-4;
      expect(Math.abs(exact![i]! / numeric - 1)).toBeLessThan(1e-4);
    }
    await program.dispose();
  });

  it.each([1, 2, 3])(
    "does not protect a fully connected first layer: the quotient is exact to 1e-5, unless earlier layers are perturbed, seed %d",
    async (seed) => {
      const given = setting("mlp", seed);
      const image = given.batch.inputs.data;
      expect(quotientError(await upload(given, seed), image)).toBeLessThan(1e-5);
      const perturbed = { ...given, defense: attach(precode, { width: 16, earlierNoise: 0.5 }) };
      expect(quotientError(await upload(perturbed, seed), image)).toBeGreaterThan(0.1);
    },
  );

  it("draws anew at every local step and from no server's stream, and says in its receipt that it acts", async () => {
    const { payload, batch, defense } = setting("lenet", 4, {}, 2);
    const trainer = createTrainer(backend, "float32");
    const algorithm = {
      kind: "FedAvg",
      batchSize: 1,
      localEpochs: 1,
      learningRate: 0.1,
      momentum: 0,
      weightDecay: 0,
    } as const;
    const play = (defenses: readonly (typeof defense)[], seed: number) =>
      runRound({
        round: 0,
        clients: [{ id: 0, data: batch }],
        protocol: { ...plainProtocol, algorithm, batches: "fixed", defenses },
        global: payload,
        trainer,
        random: createRandom(seed),
      });
    const [one, same, two] = [await play([defense], 1), await play([defense], 1), await play([defense], 2)];
    expect(one.receipts[0]!.identity).toBe(false);
    expect(distortion(one.aggregate, same.aggregate).identity).toBe(true);
    expect(distortion(one.aggregate, two.aggregate).relativeL2).toBeGreaterThan(0.01);
    await trainer.dispose();
  });

  it("gives whoever does not draw its mean, also in the accuracy of a round", async () => {
    const { payload, batch } = setting("lenet", 5);
    const trainer = createTrainer(backend, "float64");
    const silent = new Map([["precode.noise", new Float64Array(16)]]);
    const [mean, given] = [
      await trainer.gradient(payload, batch),
      await trainer.gradient(payload, batch, { noise: silent }),
    ];
    expect(distortion(mean.update, given.update).relativeL2).toBeLessThan(1e-12);
    expect((await trainer.evaluate(payload, batch)).loss).toBeCloseTo(mean.loss, 9);
    await trainer.dispose();
  });

  it.each([[{ width: 0 }], [{ beta: -1 }], [{ earlierNoise: -0.1 }]])("refuses %o", (options) => {
    expect(() => attach(precode, options)).toThrow();
  });
});

/** Largest error of the quotient ∂W_i/∂b_i of the unit with the largest bias gradient. */
function quotientError(update: Update, image: ArrayLike<number>): number {
  const [weight, bias] = [update.get("fc1.weight")!.data, update.get("fc1.bias")!.data];
  const sizes = Array.from(bias, Math.abs);
  const unit = sizes.indexOf(Math.max(...sizes));
  return Math.max(...Array.from(image, (pixel, i) => Math.abs(weight[unit * image.length + i]! / bias[unit]! - pixel)));
}

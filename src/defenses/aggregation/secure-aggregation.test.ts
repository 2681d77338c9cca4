// Secure aggregation in rounds: what the server reads, at what precision, and when it reads nothing.
import { describe, expect, it } from "vitest";
import { attached, fedAvg, federation, play } from "../../../test/small-federation.js";
import { drawBatch, freshPayload } from "../../../test/small-round.js";
import type { Federation } from "../../federated/federation.js";
import type { Payload, Update } from "../../federated/hooks.js";
import { addScaled, distortion, mapUpdate, updateNorm } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import clientNoise from "../update/gaussian-noise.js";
import { decodeSum, encode, fixedPointFor, stepOf } from "./fixed-point.js";
import secureAggregation from "./secure-aggregation.js";
import { SecureAggregationError } from "./secure-aggregation-messages.js";

const masked = (options: Record<string, unknown> = {}) => attach(secureAggregation, options);
const oneRound = (fields: Partial<Federation> = {}) => play({ rounds: 1, ...fields });
const largestGap = (a: Update, b: Update): number => Math.max(...gaps(a, b).map(Math.abs));
const gaps = (a: Update, b: Update): number[] => [...addScaled(-1, a, b).values()].flatMap(({ data }) => [...data]);

describe("fixed-point numbers", () => {
  it("are right to one step, on average far better, and never wrap", () => {
    const random = createRandom(3);
    const values = Float64Array.from({ length: 20_000 }, () => 4 * (random.uniform() - 0.5));
    const format = fixedPointFor(2, 1000);
    const sum = decodeSum(encode(values, format, random), 1, format);
    const errors = sum.map((value, i) => value - values[i]!);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(stepOf(format));
    const mean = errors.reduce((total, error) => total + error, 0) / errors.length;
    expect(Math.abs(mean)).toBeLessThan((4 * stepOf(format)) / Math.sqrt(6 * errors.length));
    const most = encode(Float64Array.of(2, 99, -99), format, random);
    expect([...most]).toEqual([format.levels, format.levels, 0]);
    expect(1000 * format.levels).toBeLessThan(2 ** 32);
  });
});

describe("secure-aggregation in a round", () => {
  it.each(["samples", "equal"] as const)("gives the average by %s, and hides every upload", async (weighting) => {
    const [plain, hidden] = [
      (await oneRound({ weighting })).records[0]!,
      (await oneRound({ weighting, defenses: [masked()] })).records[0]!,
    ];
    expect(hidden.hiddenBy).toBe("secure-aggregation");
    // Four clients with a step of 2·8·4/2^32 each, and weights of 3 to 6 samples over the largest.
    expect(largestGap(plain.aggregate, hidden.aggregate)).toBeLessThan(4 * 6e-8);
    expect(distortion(plain.aggregate, hidden.aggregate).relativeL2).toBeLessThan(1e-5);
    for (const [id, { message }] of hidden.clients) {
      const raw = plain.clients.get(id)!.message.update;
      const { cosine } = distortion(raw, message.update);
      expect(Math.abs(cosine)).toBeLessThan(0.2);
      expect(message.bytes).toBe(plain.clients.get(id)!.message.bytes);
    }
    const [receipt] = hidden.receipts;
    expect(receipt).toMatchObject({ identity: false, distortion: null });
    // Keys to three peers and the server, shares to three peers, one answer.
    expect(receipt!.peerBytes).toBe(4 * (4 * 105 + 3 * (1 + 8 + 66 + 16) + (33 + 4 * 38)));
  });

  it("clips first: a longer update counts with the clip norm", async () => {
    const clip = 0.01;
    const { records } = await oneRound({ weighting: "equal", defenses: [masked({ clip })] });
    const raw = (await oneRound({ weighting: "equal" })).records[0]!;
    const expected = [...raw.clients.values()]
      .map(({ message: { update } }) => mapUpdate(update, (value) => (value * clip) / updateNorm(update) / 4))
      .reduce((sum, update) => addScaled(1, update, sum));
    expect(largestGap(expected, records[0]!.aggregate)).toBeLessThan(1e-9);
  });

  it("tolerates lost uploads up to the threshold, and fails below it", async () => {
    // Of four clients, three must stay.
    const losing = { dropout: 0.25, seed: 6, weighting: "equal" } as const;
    const plain = (await oneRound(losing)).records[0]!;
    expect(plain.dropouts).toHaveLength(1);
    const hidden = (await oneRound({ ...losing, defenses: [masked()] })).records[0]!;
    expect(largestGap(plain.aggregate, hidden.aggregate)).toBeLessThan(4 * 6e-8);
    const lost = oneRound({ dropout: 0.6, seed: 6, defenses: [masked()] });
    await expect(lost).rejects.toThrow(SecureAggregationError);
    await expect(lost).rejects.toThrow(/0 of 4 clients answered to the end, the threshold is 3; nothing was revealed/);
    await expect(oneRound({ dropout: 1, defenses: [masked()] })).rejects.toThrow("no masked input arrived");
  });

  it("agrees on new keys every round, in FedAvg, too", async () => {
    const { records, weights } = await play({ algorithm: fedAvg, serverLearningRate: 1, defenses: [masked()] });
    const plain = await play({ algorithm: fedAvg, serverLearningRate: 1 });
    expect(records).toHaveLength(2);
    expect(largestGap(plain.weights, weights)).toBeLessThan(1e-6);
  });

  it("refuses a cohort of one, whose sum is its upload", async () => {
    const alone = oneRound({ clients: federation.clients.slice(0, 1), defenses: [masked()] });
    await expect(alone).rejects.toThrow("secure aggregation of 1 client(s) hides nothing, it takes 2 or more");
  });

  it("refuses an update that is no number", async () => {
    const broken = attached("broken", { afterGradient: (gradient) => mapUpdate(gradient, () => Number.NaN) });
    await expect(oneRound({ defenses: [broken, masked()] })).rejects.toThrow("holds numbers that are not finite");
  });
});

describe("bindPayload", () => {
  /** The second layer's bias of client 2 differs in one number. */
  const unfair = {
    payload: (_: number, client: number, honest: Payload): Payload =>
      client === 2
        ? {
            model: honest.model,
            weights: new Map(
              [...honest.weights].map(([name, { shape, data }]) => [
                name,
                { shape, data: name === "fc2.bias" ? data.map((v, i) => (i === 0 ? v + 1e-6 : v)) : data },
              ]),
            ),
          }
        : honest,
  };
  const powers = { activeManipulation: null, clientSelection: null };

  it("changes nothing where all clients got the same model, and gives noise where one did not", async () => {
    const plain = (await oneRound()).records[0]!.aggregate;
    const bound = (await oneRound({ defenses: [masked({ bindPayload: true })] })).records[0]!.aggregate;
    expect(largestGap(plain, bound)).toBeLessThan(4 * 6e-8);
    const defenses = [masked({ bindPayload: true })];
    const { records } = await play({ rounds: 1, defenses }, { server: unfair, powers });
    const { relativeL2, cosine } = distortion(plain, records[0]!.aggregate);
    expect(relativeL2).toBeGreaterThan(100);
    expect(Math.abs(cosine)).toBeLessThan(0.1);
    // Without the binding, the published protocol, the server reads on.
    const open = await play({ rounds: 1, defenses: [masked()] }, { server: unfair, powers });
    expect(largestGap(plain, open.records[0]!.aggregate)).toBeLessThan(1e-5);
  });
});

describe("distributed noise", () => {
  it("has the deviation asked for in the sum, and clients of the server's own add none", async () => {
    const noisy = masked({ clip: 1, noiseMultiplier: 0.5, noiseAmong: 4 });
    const clipped = masked({ clip: 1 });
    const spread = async (fields: Partial<Federation>, options = {}) => {
      const [a, b] = await Promise.all(
        [noisy, clipped].map((each) => play({ rounds: 1, weighting: "equal", ...fields, defenses: [each] }, options)),
      );
      const values = gaps(b!.records[0]!.aggregate, a!.records[0]!.aggregate);
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    // Of the average of four: 0.5/4 in all.
    expect(await spread({})).toBeCloseTo(0.5 / 4, 2);
    const zero = new Map(
      federation.start.model.parameters.map(({ name, shape }) => [
        name,
        { shape, data: new Float32Array(federation.start.weights.get(name)!.data.length) },
      ]),
    );
    const sybils = () => Array.from({ length: 3 }, () => ({ kind: "sends", update: zero, samples: 1 }) as const);
    const server = { cohort: () => [1], sybils };
    const options = { server, powers: { activeManipulation: null, clientSelection: null } };
    // One honest client among them: a quarter of the variance, half the deviation.
    expect(await spread({}, options)).toBeCloseTo(0.25 / 4, 2);
  });

  it("is accounted for all honest clients together, and says what that rests on: T14", () => {
    const exposure = { rounds: 5, clients: 4, samples: 1, batchSize: 1, steps: 1, tensors: 4 };
    const stated = (options: Record<string, unknown>) =>
      secureAggregation.privacy!(secureAggregation.options.parse({ delta: 1e-6, ...options }), exposure);
    const shared = stated({ noiseMultiplier: 1, noiseAmong: 4 })!;
    expect(Math.abs(shared.epsilon! / 13.376 - 1)).toBeLessThan(1e-3);
    expect(shared.text).toContain("it rests on 4 honest clients in every round");
    expect(stated({})).toBeNull();
  });

  it("goes with noise that clients add themselves", async () => {
    const noise = attach(clientNoise, { clip: 1, sigma: 0.1 });
    const { records } = await oneRound({ defenses: [masked(), noise] });
    expect(records[0]!.receipts.map(({ identity }) => identity)).toEqual([false, false]);
  });
});

it("takes seconds for ten clients with updates of the size of LeNet's", async () => {
  const random = createRandom(4);
  const start = freshPayload(models.lenet!([3, 32, 32], 10), random);
  const clients = Array.from({ length: 10 }, (_, id) => ({
    id,
    data: drawBatch(random.split("client", id), [3, 32, 32], 10, 1),
  }));
  const { records } = await oneRound({ start, clients, defenses: [masked({ bindPayload: true })] });
  expect(records[0]!.receipts[0]!.milliseconds).toBeLessThan(5000);
});

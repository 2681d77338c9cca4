// Differential privacy at the client (spec/defenses.md section 2, proofs 1 to 5).
import { describe, expect, it } from "vitest";
import { fedAvg, play } from "../../../test/small-federation.js";
import { drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import type { BackwardContext, ClientContext, Update } from "../../federated/hooks.js";
import { addScaled, mapUpdate, updateNorm } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import clientDp from "./client-dp.js";

const random = createRandom(1);
const payload = freshPayload(models.mlp!([1, 4, 4], 3), random.split("model"));
const updateOf = (length: number, values: (i: number) => number): Update =>
  new Map([
    [
      "a",
      tensor(
        [length],
        Float64Array.from({ length }, (_, i) => values(i)),
      ),
    ],
    ["b", tensor([2], Float64Array.of(values(1), 2 * values(2)))],
  ]);
const backward = (perSample: readonly Update[], seed = 1): BackwardContext => ({
  ...{ client: 0, round: 0, payload, sampleCount: perSample.length, normalization: null, memory: new Map() },
  random: createRandom(seed),
  perSample,
});
const step = (options: Record<string, unknown>, perSample: readonly Update[], seed = 1) =>
  attach(clientDp, options).hooks.insideBackward!(perSample[0]!, backward(perSample, seed));

describe("the mean of clipped gradients", () => {
  const samples = Array.from({ length: 8 }, (_, i) => updateOf(20, (j) => (1 + i * i) * Math.sin(3 * i + j)));

  it.each(["flat", "layer"])("has no sample beyond the clip norm, %s", (clipping) => {
    for (const sample of samples) {
      const alone = step({ clip: 2, clipping, noiseMultiplier: 0 }, [sample]);
      const parts = clipping === "flat" ? [alone] : [...alone].map((entry) => new Map([entry]));
      for (const part of parts) expect(updateNorm(part)).toBeLessThanOrEqual(2 * (1 + 1e-6));
    }
    const small = updateOf(20, () => 1e-3);
    expect(step({ clip: 2, clipping, noiseMultiplier: 0 }, [small])).toEqual(small);
  });

  it("moves by at most 2C/B when one sample changes", () => {
    const options = { clip: 0.5, noiseMultiplier: 0 };
    const before = step(options, samples);
    samples.forEach((_, i) => {
      const changed = samples.map((sample, j) => (i === j ? mapUpdate(sample, (value) => -1000 * value) : sample));
      expect(updateNorm(addScaled(-1, before, step(options, changed)))).toBeLessThanOrEqual((2 * 0.5) / 8 + 1e-12);
    });
  });

  it("gets noise of deviation zC/B", () => {
    const wide = Array.from({ length: 4 }, () => updateOf(100_000, () => 0));
    const noised = step({ clip: 3, noiseMultiplier: 0.8 }, wide).get("a")!.data;
    let sum = 0;
    for (const value of noised) sum += value * value;
    expect(Math.abs(Math.sqrt(sum / noised.length) / ((0.8 * 3) / 4) - 1)).toBeLessThan(0.02);
  });
});

describe("client-dp in a round", () => {
  it("needs gradients of single samples in one mode only, and takes its place in the order", () => {
    expect(attach(clientDp, {})).toMatchObject({ needs: ["perSampleGrad"], stage: "per-sample-clip" });
    expect(attach(clientDp, { mode: "update" })).toMatchObject({ needs: [], stage: "differential-privacy" });
  });

  it("is the plain mean where nothing is clipped and no noise is added", async () => {
    const batch = drawBatch(random.split("batch"), [1, 4, 4], 3, 5);
    const plain = (await playRound({ payload, batch })).aggregate;
    const defenses = [attach(clientDp, { clip: 1e6, noiseMultiplier: 0 })];
    const { aggregate } = await playRound({ payload, batch, defenses });
    expect(updateNorm(addScaled(-1, plain, aggregate))).toBeLessThan(1e-6 * updateNorm(plain));
  });

  it("spoils the inversion of a fully connected layer the more, the more noise: below 10 dB at a median gradient", async () => {
    const batch = drawBatch(random.split("one"), [1, 4, 4], 3, 1);
    const pixels = [...batch.inputs.data];
    const raw = (await playRound({ payload, batch })).aggregate;
    const live = Array.from(raw.get("fc1.bias")!.data).flatMap((value, row) => (value === 0 ? [] : [row]));
    const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
    /** The quotients of rows that fire, against the truth: squared error per pixel, of the median row. */
    const invert = (update: Update) => {
      const [weight, bias] = [update.get("fc1.weight")!.data, update.get("fc1.bias")!.data];
      const errorOf = (row: number) =>
        pixels.reduce((sum, pixel, i) => sum + (weight[row * 16 + i]! / bias[row]! - pixel) ** 2, 0) / 16;
      const squared = middle(live.map(errorOf));
      return { relative: Math.sqrt(16 * squared) / Math.hypot(...pixels), psnr: -10 * Math.log10(squared) };
    };
    const clip = 0.5 * updateNorm(raw);
    const errors: number[] = [];
    for (const noiseMultiplier of [0, 1e-3, 1e-2, 1e-1, 1]) {
      const defenses = [attach(clientDp, { clip, noiseMultiplier })];
      errors.push(invert((await playRound({ payload, batch, defenses })).aggregate).relative);
    }
    expect([...errors].sort((a, b) => a - b)).toEqual(errors);
    expect(errors[0]).toBeLessThan(1e-5);
    const entries = [...raw.values()].flatMap(({ data }) => Array.from(data, Math.abs)).filter((value) => value > 0);
    const median = middle(entries);
    const noisy = [attach(clientDp, { clip: 1e6, noiseMultiplier: median / 1e6 })];
    expect(invert((await playRound({ payload, batch, defenses: noisy })).aggregate).psnr).toBeLessThan(10);
  });

  it("draws every sample by itself under Poisson sampling, nobody at times, over the expected batch", async () => {
    const defenses = [attach(clientDp, { sampling: "poisson", clip: 1, noiseMultiplier: 0 })];
    const { records } = await play({ rounds: 20, algorithm: { kind: "FedSGD", batchSize: 1 }, defenses });
    const sizes = records.map(({ clients }) => clients.get(0)!.batch.labels.length);
    expect(Math.min(...sizes)).toBe(0);
    expect(Math.max(...sizes)).toBeGreaterThan(1);
    for (const { clients } of records) {
      const { batch, message } = clients.get(0)!;
      // Clipped to 1 each and divided by the one sample expected.
      expect(updateNorm(message.update)).toBeLessThanOrEqual(batch.labels.length + 1e-6);
    }
  });

  it("works in every local step of FedAvg, and on whole updates", async () => {
    for (const mode of ["sample", "update"]) {
      const { records } = await play({
        rounds: 1,
        algorithm: fedAvg,
        defenses: [attach(clientDp, { mode, clip: 0.1 })],
      });
      expect(records[0]!.receipts[0]!.identity).toBe(false);
    }
    const clipped = attach(clientDp, { mode: "update", clip: 0.01, noiseMultiplier: 0 });
    const { records } = await play({ rounds: 1, algorithm: fedAvg, defenses: [clipped] });
    for (const { message } of records[0]!.clients.values()) expect(updateNorm(message.update)).toBeCloseTo(0.01, 6);
  });

  it("refuses BatchNorm in train mode, which mixes samples", async () => {
    const start = freshPayload(models["convnet-bn"]!([1, 8, 8], 3), random.split("bn"));
    const clients = [{ id: 0, data: drawBatch(random.split("c"), [1, 8, 8], 3, 2) }];
    const playing = play({ start, clients, rounds: 1, mode: "train", defenses: [attach(clientDp, {})] });
    await expect(playing).rejects.toThrow('defense client-dp needs "perSampleGrad"');
  });
});

describe("the guarantee", () => {
  const state = (options: Record<string, unknown>, exposure = {}) =>
    clientDp.privacy!(clientDp.options.parse(options), {
      ...{ rounds: 2250, clients: 10, samples: 100, batchSize: 4, steps: 1, tensors: 16 },
      ...exposure,
    })!;

  it("is the accountant's: T3 of the reference table", () => {
    const stated = state({ noiseMultiplier: 1.5, sampling: "poisson" });
    expect(Math.abs(stated.epsilon! / 7.32911117143 - 1)).toBeLessThan(1e-3);
    expect(stated).toMatchObject({ unit: "record", delta: 1e-5 });
    expect(state({ noiseMultiplier: 1.5 }).text).toContain("it takes batches for Poisson samples");
  });

  it("counts tensors clipped by themselves as √L times the sensitivity", () => {
    expect(state({ noiseMultiplier: 6, clipping: "layer" }).epsilon).toBeCloseTo(
      state({ noiseMultiplier: 1.5 }).epsilon!,
      9,
    );
  });

  it("of updates is a client's, without amplification: T14", () => {
    const stated = state({ mode: "update", noiseMultiplier: 1, delta: 1e-6 }, { rounds: 5 });
    expect(Math.abs(stated.epsilon! / 13.376 - 1)).toBeLessThan(1e-3);
    expect(stated.unit).toBe("client");
  });

  it("is none without noise", () => {
    expect(state({ noiseMultiplier: 0 })).toMatchObject({ epsilon: null });
    expect(state({ noiseMultiplier: 0 }).text).toContain("ε is infinite (no noise)");
  });
});

it("leaves what it is given as it was", () => {
  const sample = updateOf(5, (i) => i);
  attach(clientDp, { mode: "update", clip: 1 }).hooks.afterLocalTraining!(sample, {
    random: createRandom(2),
  } as ClientContext);
  expect(sample).toEqual(updateOf(5, (i) => i));
});

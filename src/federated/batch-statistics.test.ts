// BatchNorm over rounds: train and eval mode, statistics shared and hidden. Its figures are held to PyTorch's in pytorch.test.ts.
import { describe, expect, it } from "vitest";
import { attached, far, play } from "../../test/small-federation.js";
import { backend, drawBatch, freshPayload } from "../../test/small-round.js";
import { createRandom } from "../math/random.js";
import type { Weights } from "../models/define.js";
import { models } from "../models/index.js";
import { createTrainer } from "./training.js";
import { distortion, weightedSum } from "./update.js";

describe("BatchNorm", () => {
  const random = createRandom(3);
  const bn = models["convnet-bn"]!([1, 4, 4], 2);
  const fields = {
    start: freshPayload(bn, random),
    clients: [0, 1].map((id) => ({ id, data: drawBatch(random.split(id), [1, 4, 4], 2, 4) })),
    algorithm: { kind: "FedSGD", batchSize: 4 },
    rounds: 1,
  } as const;
  const buffers = (weights: Weights) => new Map(bn.buffers.map(({ name }) => [name, weights.get(name)!]));

  it("in eval mode sees nothing, sends nothing and keeps its buffers", async () => {
    const { records } = await play({ ...fields, mode: "eval", statistics: "shared" });
    const client = records[0]!.clients.get(0)!;
    expect(client.statistics.size).toBe(0);
    expect(client.message.buffers).toBeUndefined();
    expect(far(buffers(fields.start.weights), buffers(records[0]!.released))).toBe(0);
  });

  it("in train mode moves running statistics by a tenth towards the batch's, which go out only where they are shared", async () => {
    const shared = await play({ ...fields, mode: "train", statistics: "shared" });
    const hidden = await play({ ...fields, mode: "train", statistics: "hidden" });
    const [client, other] = [0, 1].map((id) => shared.records[0]!.clients.get(id)!);
    expect([...client!.statistics.keys()]).toEqual(["bn1", "bn2", "bn3"]);
    const sent = client!.message.buffers!;
    for (const channel of [0, 7]) {
      const { mean, variance } = client!.statistics.get("bn2")!;
      expect(sent.get("bn2.running_mean")!.data[channel]).toBeCloseTo(0.1 * mean[channel]!, 6);
      expect(sent.get("bn2.running_var")!.data[channel]).toBeCloseTo(0.9 + 0.1 * variance[channel]!, 6);
    }
    const average = weightedSum([sent, other!.message.buffers!], [0.5, 0.5]);
    expect(far(average, buffers(shared.records[0]!.released))).toBe(0);
    const floats = [...client!.message.update.values(), ...sent.values()].reduce((n, { data }) => n + data.length, 0);
    expect(client!.message.bytes).toBe(4 * floats);

    const kept = hidden.records[0]!.clients.get(0)!;
    expect(kept.message.buffers).toBeUndefined();
    expect(far(buffers(fields.start.weights), buffers(hidden.records[0]!.released))).toBe(0);
    expect(kept.statistics.get("bn1")).toEqual(client!.statistics.get("bn1"));
    expect(distortion(client!.message.update, kept.message.update).identity).toBe(true);
  });

  it("is measured in eval mode too where an adversary is to know the distribution", async () => {
    const measured = await play({ ...fields, mode: "eval" }, { measureStatistics: true });
    const trained = await play({ ...fields, mode: "train" });
    const [a, b] = [measured, trained].map(({ records }) => records[0]!.clients.get(1)!.statistics);
    expect(a).toEqual(b);
    const plain = await play({ ...fields, mode: "eval" });
    expect(distortion(plain.records[0]!.aggregate, measured.records[0]!.aggregate).identity).toBe(true);
  });

  it("in train mode mixes samples, so that it has no gradients by sample", async () => {
    const clipping = {
      ...attached("clipping", { insideBackward: (update) => update }),
      needs: ["perSampleGrad"],
    } as const;
    await expect(play({ ...fields, mode: "train", defenses: [clipping] })).rejects.toThrow(
      'defense clipping needs "perSampleGrad", but BatchNorm of model convnet-bn in train mode mixes the samples',
    );
    await play({ ...fields, mode: "eval", defenses: [clipping] });
  });

  it("is measured by the held-out data's own statistics where nobody shares any", async () => {
    const held = drawBatch(random.split("held"), [1, 4, 4], 2, 6);
    const { weights, rounds } = await play({ ...fields, mode: "train" }, { heldOut: held });
    const trainer = createTrainer(backend, "float32");
    expect(rounds[0]!.accuracy).toEqual(await trainer.evaluate({ model: bn, weights }, held, "train"));
    expect(rounds[0]!.accuracy).not.toEqual(await trainer.evaluate({ model: bn, weights }, held, "eval"));
    await trainer.dispose();
  });
});

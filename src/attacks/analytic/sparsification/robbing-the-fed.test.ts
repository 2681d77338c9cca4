import { beforeAll, describe, expect, it } from "vitest";
import {
  armInput,
  attackContext,
  freshPayload,
  knowledge,
  observation,
  playRound,
} from "../../../../test/small-round.js";
import { type Batch, type Dataset, readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import type { Payload, Update } from "../../../federated/hooks.js";
import { mapUpdate } from "../../../federated/update.js";
import { createRandom } from "../../../math/random.js";
import { tensor } from "../../../math/tensor.js";
import { splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import attack from "./robbing-the-fed.js";

const BATCH = 16;
const context = attackContext(1);
let portraits: Dataset;
let surrogate: Batch;
beforeAll(async () => {
  portraits = await openDataset({ source: "portraits", size: 16 });
  surrogate = readBatch(
    portraits,
    Array.from({ length: 200 }, (_, i) => 312 + i),
  );
});

/** A batch of portraits, drawn without replacement from records that are not in the surrogate set. */
function victims(seed: number): Batch {
  const records = createRandom(seed).shuffle(Array.from({ length: 300 }, (_, i) => i));
  return readBatch(portraits, records.slice(0, BATCH));
}

type Secret = { readonly weight: string; readonly bias: string };

async function armed(bins: number, edges: "normal" | "empirical" = "normal") {
  const options = attack.options.parse({ bins, edges });
  const honest = freshPayload(models.convnet!([3, 16, 16], 8), createRandom(bins));
  const prepared = await attack.prepare!({ payload: honest, surrogate }, options, context);
  const server = await attack.arm!(armInput(honest, prepared), options, context);
  return { options, honest, payload: server.payload(0, 0, []), secret: server.secret as Secret };
}

async function rob(payload: Payload, update: Update, secret: Secret): Promise<ReturnType<typeof splitBatch>> {
  const rounds = [{ round: 0, payload, view: { kind: "upload" as const, update } }];
  const seen = observation({ updates: { rounds }, basicKnowledge: knowledge(BATCH) });
  const found = await attack.run({ observation: seen, prepared: undefined, secret }, attack.options.parse({}), context);
  expect(found.confidence).toHaveLength(found.inputs.shape[0]!);
  return found.inputs.shape[0] === 0 ? [] : splitBatch(found.inputs);
}

/** Positions of the originals that some candidate matches above 60 dB. */
function recovered(candidates: ReturnType<typeof splitBatch>, batch: Batch): number[] {
  return splitBatch(batch.inputs).flatMap((original, i) =>
    candidates.some((candidate) => meanSquaredError(candidate, original) < 1e-6) ? [i] : [],
  );
}

/** The oracle: positions of the originals that are alone between two edges. */
function alone(batch: Batch, { weights }: Payload, { bias }: Secret): number[] {
  const edges = Array.from(weights.get(bias)!.data, (value) => -value);
  const binOf = splitBatch(batch.inputs).map(({ data }) => {
    const brightness = Math.fround(Array.from(data).reduce((sum, value) => sum + value, 0) / data.length);
    return edges.filter((edge) => edge < brightness).length;
  });
  return binOf.flatMap((bin, i) => (binOf.filter((other) => other === bin).length === 1 ? [i] : []));
}

describe("robbing-the-fed", () => {
  it.each([
    [64, "normal"],
    [256, "normal"],
    [128, "empirical"],
  ] as const)("recovers just the images alone in their bin: %d bins, %s edges", async (bins, edges) => {
    const { payload, secret } = await armed(bins, edges);
    for (const seed of [1, 2, 3]) {
      const batch = victims(seed);
      const { message } = (await playRound({ payload, batch })).clients.get(0)!;
      const [found, expected] = [
        recovered(await rob(payload, message.update, secret), batch),
        alone(batch, payload, secret),
      ];
      const differing = [...found.filter((i) => !expected.includes(i)), ...expected.filter((i) => !found.includes(i))];
      expect(differing.length).toBeLessThanOrEqual(1);
      expect(expected.length).toBeGreaterThan(BATCH / 4);
    }
  });

  it("recovers next to nothing when the second layer's columns differ", async () => {
    const { payload, secret } = await armed(256);
    const name = [...payload.weights.keys()].find((key) => key.startsWith("imprint.2") && key.endsWith("weight"))!;
    const { shape, data } = payload.weights.get(name)!;
    const uneven = tensor(shape, data.slice());
    createRandom(3).fillUniform(uneven.data, 0, 2 / 256);
    const broken = { ...payload, weights: new Map([...payload.weights, [name, uneven]]) };
    const batch = victims(1);
    const { message } = (await playRound({ payload: broken, batch })).clients.get(0)!;
    expect(recovered(await rob(broken, message.update, secret), batch).length).toBeLessThanOrEqual(1);
    expect(alone(batch, broken, secret).length).toBeGreaterThan(10);
  });

  it("recovers nothing from noise, nor from the update of another batch, nor through the wrong secret", async () => {
    const { payload, secret } = await armed(256);
    const [batch, other] = [victims(1), victims(2)];
    const { message } = (await playRound({ payload, batch })).clients.get(0)!;
    const random = createRandom(4);
    const noise = mapUpdate(message.update, () => random.normal());
    expect(recovered(await rob(payload, noise, secret), batch)).toEqual([]);
    const shared = splitBatch(other.inputs).filter((image) => recovered([image], batch).length > 0).length;
    const foreign = (await playRound({ payload, batch: other })).clients.get(0)!.message.update;
    expect(recovered(await rob(payload, foreign, secret), batch).length).toBeLessThanOrEqual(shared);
    // A net with a first layer of the same shape as the imprint, but not the imprint.
    const wrong = new Map([...message.update].map(([name, value]) => [name, value]));
    wrong.set(
      secret.bias,
      tensor(
        [256],
        Float32Array.from({ length: 256 }, () => random.normal()),
      ),
    );
    expect(recovered(await rob(payload, wrong, secret), batch)).toEqual([]);
  });

  // Some neurons of an honest layer fire for one image only: that leak is real, and small.
  it("recovers far less from a passive server's model: the same first layer with honest weights", async () => {
    const { payload, secret } = await armed(256);
    const weights = new Map(payload.weights);
    for (const name of [...weights.keys()].filter((key) => key.startsWith("imprint."))) {
      const { shape, data } = weights.get(name)!;
      const fresh = tensor(shape, data.slice());
      createRandom(5)
        .split(name)
        .fillUniform(fresh.data, -1 / Math.sqrt(shape.at(-1)!), 1 / Math.sqrt(shape.at(-1)!));
      weights.set(name, fresh);
    }
    const honest = { ...payload, weights };
    const batch = victims(1);
    const { message } = (await playRound({ payload: honest, batch })).clients.get(0)!;
    const passive = recovered(await rob(honest, message.update, secret), batch).length;
    expect(passive).toBeLessThanOrEqual(5);
    expect(passive).toBeLessThan(alone(batch, payload, secret).length / 2);
  });

  it("sends a block whose query rows are equal, whose edges rise, and which keeps its secret from the client", async () => {
    const { honest, payload, secret } = await armed(64);
    const rows = payload.weights.get(secret.weight)!;
    expect(rows.shape).toEqual([64, 768]);
    expect(new Set(rows.data).size).toBe(1);
    const edges = [...payload.weights.get(secret.bias)!.data].map((value) => -value);
    expect([...edges].sort((a, b) => a - b)).toEqual(edges);
    for (const [name, value] of honest.weights) expect(payload.weights.get(name)).toBe(value);
    expect(Object.keys(payload)).toEqual(["model", "weights"]);
    expect([...payload.weights.keys()]).toEqual(payload.model.parameters.map(({ name }) => name));
  });

  it("asks for the power to rewrite models: no letter below G may run it", async () => {
    expect(attack.needs).toContain("activeManipulation");
    expect(attack.needs).toContain("surrogateData");
  });
});

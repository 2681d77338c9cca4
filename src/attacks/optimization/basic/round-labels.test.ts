import { describe, expect, it } from "vitest";
import { play } from "../../../../test/small-federation.js";
import { attackContext, drawBatch, freshPayload, knowledge, observed } from "../../../../test/small-round.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { createRandom } from "../../../math/random.js";
import { models } from "../../../models/index.js";
import { voteLabels } from "./round-labels.js";
import { replaceByNoise } from "./round-validity.js";

const random = createRandom(6);
const shape = [1, 6, 6] as const;
const batch = drawBatch(random.split("data"), shape, 4, 3);
const { records } = await play({
  ...plainProtocol,
  start: freshPayload(models.mlp!(shape, 4), random),
  clients: [{ id: 0, data: batch }],
  rounds: 7,
  algorithm: { kind: "FedSGD", batchSize: 3 },
  batches: "fixed",
  serverLearningRate: 0.01,
});
const rounds = records.map(observed);
const labels = [...batch.labels].sort((a, b) => a - b);
const basicKnowledge = knowledge(3);
const options = { labelRule: "auto" } as const;

describe("labels by vote of the rounds", () => {
  it("are those that all rounds name", async () => {
    expect(await voteLabels({ updates: { rounds }, basicKnowledge }, options, attackContext(1))).toEqual({
      values: labels,
      method: "labels/ilrg",
    });
  });

  it("outlive rounds of noise, and say that rounds differ", async () => {
    const { rounds: noisy } = replaceByNoise(rounds, 2 / 7, random.split("noise"));
    const found = await voteLabels({ updates: { rounds: noisy }, basicKnowledge }, options, attackContext(1));
    expect(found.values).toEqual(labels);
    expect(found.warning).toMatch(/differ between rounds: [56] of 7/);
  });

  it("of one round are its own, and known ones are taken as they are", async () => {
    const one = { updates: { rounds: rounds.slice(0, 1) }, basicKnowledge };
    expect((await voteLabels(one, options, attackContext(1))).values).toEqual(labels);
    const known = { updates: { rounds }, basicKnowledge, labels: [0, 0, 1] };
    expect(await voteLabels(known, options, attackContext(1))).toEqual({ values: [0, 0, 1], method: "known" });
  });
});

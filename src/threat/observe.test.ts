import { describe, expect, it } from "vitest";
import { reachable, shows } from "../../test/reachable.js";
import { drawBatch, freshPayload, playRound } from "../../test/small-round.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import { type Capability, capabilities, grants, refusal, threatLetters } from "./capabilities.js";
import type { Observation } from "./observation.js";
import { CapabilityError, observe, type Release } from "./observe.js";

const columns = Object.keys(capabilities) as Capability[];
const random = createRandom(5);
const model = models.mlp!([1, 4, 4], 3);
const batch = drawBatch(random.split("victim"), [1, 4, 4], 3, 2);
const surrogate = drawBatch(random.split("surrogate"), [1, 4, 4], 3, 2);
const record = await playRound({ payload: freshPayload(model, random), batch });

const release: Release = {
  records: [record],
  client: 0,
  basicKnowledge: {
    batchSize: 2,
    normalization: null,
    pixelRange: [0, 1],
    loss: { kind: "cross-entropy", reduction: "mean" },
  },
  trainingDetails: {
    algorithm: "FedSGD",
    learningRate: 0.1,
    localEpochs: 1,
    batchSize: 2,
    sampleCount: 2,
    mode: "eval",
  },
  surrogateData: () => surrogate,
};

describe("observe", () => {
  it("hands over exactly the needs, and of the uses what the letter grants, for all letters and needs", () => {
    for (const threat of threatLetters) {
      for (const needed of columns) {
        const request = { attack: "x", threat, needs: ["updates", needed] as Capability[], uses: columns };
        if (refusal("x", request.needs, threat)) {
          expect(() => observe(release, request)).toThrow(CapabilityError);
          continue;
        }
        const seen = observe(release, request);
        expect(new Set(Object.keys(seen))).toEqual(new Set(columns.filter((column) => grants(threat, column))));
        const alone = observe(release, { ...request, uses: [] });
        expect(new Set(Object.keys(alone))).toEqual(new Set(["updates", needed]));
      }
    }
  });

  it("says in its error what is missing and who has it", () => {
    expect(() => observe(release, { attack: "robbing", threat: "C", needs: ["updates", "surrogateData"] })).toThrow(
      'attack robbing needs "surrogateData", which threat model C (Parameter-Aware Eavesdropper) does not have; the ' +
        "weakest threat model that grants it is D (Data-Enhanced Eavesdropper)",
    );
  });

  it("gives what was sent and uploaded, frozen", () => {
    const seen = observe(release, { attack: "x", threat: "A", needs: ["updates"] });
    const { payload, message } = record.clients.get(0)!;
    expect(seen.updates.rounds).toHaveLength(1);
    expect(seen.updates.rounds[0]!.payload).toBe(payload);
    expect(seen.updates.rounds[0]!.view).toEqual({ kind: "upload", update: message.update });
    expect(Object.isFrozen(seen)).toBe(true);
    expect(() => Object.assign(seen, { labels: [1] })).toThrow(TypeError);
  });

  it("adds known labels and a known defense only where the case assumes them", () => {
    const request = { attack: "x", threat: "A", needs: ["updates"] } as const;
    expect(Object.keys(observe(release, request))).toEqual(["updates"]);
    const knownDefense = { id: "some-defense", options: { keep: 0.5 } };
    const seen = observe(release, request, { labels: [0, 2], knownDefense });
    expect([seen.labels, seen.knownDefense]).toEqual([[0, 2], knownDefense]);
  });

  it("leads nowhere to the truth: no reachable value is the batch, its pixels or its labels", () => {
    for (const threat of threatLetters) {
      const seen = observe(release, { attack: "x", threat, needs: ["updates"], uses: columns });
      for (const held of reachable(seen)) {
        expect(held).not.toBe(batch.inputs);
        expect(held).not.toBe(batch.labels);
        if (held instanceof Float64Array || held instanceof Float32Array) {
          expect(shows(held, batch.inputs.data)).toBe(false);
        }
      }
    }
    expect(shows(batch.inputs.data, batch.inputs.data)).toBe(true);
    expect(reachable({ record }).some((held) => held === record.clients.get(0)!.batch.labels)).toBe(true);
  });

  it("is typed by need: what was not declared does not compile", () => {
    const passive: Observation<"updates", "basicKnowledge"> = observe(release, {
      attack: "x",
      threat: "A",
      needs: ["updates"],
      uses: ["basicKnowledge"],
    });
    expect(passive.updates.rounds).toHaveLength(1);
    // @ts-expect-error: may be absent, since it is only used where granted
    expect(() => passive.basicKnowledge.batchSize).toThrow(TypeError);
    // @ts-expect-error: not declared
    expect(passive.surrogateData).toBeUndefined();
    // @ts-expect-error: not declared
    expect(passive.activeManipulation).toBeUndefined();
    // @ts-expect-error: the truth is no part of any observation
    expect(passive.batch).toBeUndefined();
    // @ts-expect-error: an observed round has a view and a payload, not the batch
    expect(passive.updates.rounds[0]!.batch).toBeUndefined();
    expect(() => {
      // @ts-expect-error: read only
      passive.labels = [1];
    }).toThrow(TypeError);
  });
});

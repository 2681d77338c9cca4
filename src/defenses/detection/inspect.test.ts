import { describe, expect, it } from "vitest";
import { armedPayloads, classFishing } from "../../../test/armed-payloads.js";
import { backend, drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import { openDataset } from "../../data/open.js";
import type { Payload, Update } from "../../federated/hooks.js";
import { PayloadRefusedError } from "../../federated/round.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import { type InspectionContext, inspectWith, type LocalEvidence } from "./define.js";
import duplicateRows from "./duplicate-rows.js";
import { detector as dynamics } from "./dynamics.js";
import { gatherEvidence } from "./evidence.js";
import { detectors, inspectPayload } from "./inspect.js";
import structurePin from "./structure-pin.js";

const portraits = await openDataset({ source: "portraits", size: 16 });
const armed = await armedPayloads(portraits, 1);
const random = createRandom(5);
const shape = [3, 8, 8] as const;
const honest = freshPayload(models.convnet!(shape, 4), random);
const batch = drawBatch(random.split("batch"), shape, 4, 16);

const flaggedBy = (payload: Payload, context: InspectionContext = {}) =>
  inspectPayload(payload, context)
    .inspections.filter(({ flagged }) => flagged)
    .map(({ detector }) => detector);

const replace = ({ model, weights }: Payload, name: string, change: (i: number, old: number) => number): Payload => {
  const { shape: extents, data } = weights.get(name)!;
  return {
    model,
    weights: new Map([
      ...weights,
      [
        name,
        tensor(
          extents,
          data.map((old, i) => change(i, old)),
        ),
      ],
    ]),
  };
};

describe("inspectPayload", () => {
  it.each(armed)("finds $name", ({ payload, finders }) => {
    expect(flaggedBy(payload)).toEqual(expect.arrayContaining([...finders]));
  });

  it("takes the gravest action: reject, then quarantine, then warn", () => {
    const of = (name: string) => armed.find((each) => each.name.startsWith(name))!.payload;
    const agreed = models.convnet!(portraits.shape, portraits.classes.length);
    expect(inspectPayload(of("robbing"), { agreed }).decision).toBe("reject");
    expect(inspectPayload(of("robbing")).decision).toBe("quarantine");
    expect(inspectPayload(of("feature fishing on convnet")).decision).toBe("warn");
    const { decision, limits, inspections } = inspectPayload(honest, { agreed: honest.model });
    expect(decision).toBe("accept");
    expect(inspections.map(({ detector }) => detector)).toEqual(detectors.map(({ id }) => id));
    expect(limits.join()).toContain("SEER");
  });
});

describe("structure-pin", () => {
  const pinned = (payload: Payload, agreed = honest.model) => inspectPayload(payload, { agreed }).inspections[0]!;
  const changed = (entries: readonly (readonly [string, ReturnType<typeof tensor>])[]): Payload => ({
    ...honest,
    weights: new Map([...honest.weights, ...entries]),
  });

  it("names every difference", () => {
    const [first] = honest.weights.keys();
    const without = { ...honest, weights: new Map([...honest.weights].slice(1)) };
    expect(pinned(without).report).toContain(`${first} is missing`);
    expect(pinned(changed([["trap.weight", tensor([1], new Float32Array(1))]])).report).toContain(
      "trap.weight was added",
    );
    expect(pinned(changed([["fc.bias", tensor([5], new Float32Array(5))]])).report).toContain(
      "fc.bias is [5] instead of [4]",
    );
    expect(pinned(changed([["fc.bias", tensor([4], new Float64Array(4))]])).report).toContain(
      "float64 instead of float32",
    );
    expect(pinned(changed([["bn.num_batches_tracked", tensor([], new Float64Array(1))]])).flagged).toBe(false);
  });

  it("sees another connection of the same layers, and takes a model built twice for the same", () => {
    const again = models.convnet!(shape, 4);
    expect(pinned({ ...honest, model: again }).flagged).toBe(false);
    const rewired = { ...again, forward: models.convnet!(shape, 4).forward };
    expect(pinned({ ...honest, model: rewired }).flagged).toBe(false);
    const twisted: typeof again = {
      ...again,
      forward: (x, parameter, mode) => {
        const forward = again.forward(x, parameter, mode);
        return { ...forward, logits: x.graph.node("neg", [forward.logits], {}, forward.logits.shape) };
      },
    };
    expect(pinned({ ...honest, model: twisted }).report).toContain("connected differently");
  });

  it("rejects numbers that are none, with or without an agreed model", () => {
    const poisoned = replace(honest, "conv2.bias", (i, old) => (i === 3 ? Number.NaN : old));
    expect(inspectPayload(poisoned).decision).toBe("reject");
    expect(pinned(poisoned).report).toContain("conv2.bias");
  });

  it("as a defense holds to its option, else to the first payload", () => {
    const vet = (options: object, payload: Payload, history: readonly Payload[] = []) =>
      attach(structurePin, { ...options }).hooks.vetPayload!(payload, history, {} as never).action;
    expect(vet({ model: "convnet" }, honest)).toBe("accept");
    expect(vet({ model: "lenet" }, honest)).toBe("reject");
    expect(vet({}, honest)).toBe("accept");
    expect(vet({}, armed[0]!.payload, [honest])).toBe("reject");
    expect(() => structurePin.options.parse({ model: "none" })).toThrow();
  });
});

describe("a detector in a round", () => {
  it("lets honest payloads pass with a receipt, and refuses an imprint", async () => {
    const defenses = [attach(duplicateRows, {})];
    const { receipts } = await playRound({ payload: honest, batch, defenses });
    expect(receipts[0]).toMatchObject({ defense: "duplicate-rows", identity: false });
    const { payload } = armed[0]!;
    const data = drawBatch(random.split("victims"), payload.model.inputShape, payload.model.classes, 2);
    await expect(playRound({ payload, batch: data, defenses })).rejects.toThrow(PayloadRefusedError);
    await expect(playRound({ payload, batch: data, defenses })).rejects.toThrow(/duplicate-rows: quarantine/);
  });
});

describe("what one's own batch shows", () => {
  it("a fished sample outweighs all others without bound; honest ones do not", async () => {
    const fished = classFishing(honest, 2);
    const labels = batch.labels.map((label, i) => (i === 5 ? 2 : label === 2 ? 1 : label));
    const evidence = (payload: Payload) =>
      gatherEvidence({ payload, batch: { ...batch, labels }, backend, random: random.split("fresh") });
    const [clean, caught] = [await evidence(honest), await evidence(fished)];
    expect(clean.perSample).toHaveLength(16);
    expect(flaggedBy(honest, { local: clean })).not.toContain("d-snr");
    const found = inspectPayload(fished, { local: caught }).inspections.find(({ detector }) => detector === "d-snr")!;
    expect(found.flagged).toBe(true);
    expect(found.score).toBe(1e12);
  });

  it("warns of a batch that is too small, which then leaks by itself", async () => {
    const mlp = freshPayload(models.mlp!(shape, 4), random.split("mlp"));
    const small = drawBatch(random.split("small"), shape, 4, 1);
    const local = await gatherEvidence({ payload: mlp, batch: small, backend, random: random.split("fresh") });
    expect(flaggedBy(mlp, { local })).toEqual(["self-inversion", "batch-floor"]);
    const { inspections } = inspectPayload(mlp, { local });
    expect(inspections.find(({ detector }) => detector === "d-snr")!.report).toContain("at least 16, got 1");
  });

  it("sees losses, gradients and statistics break with earlier rounds", () => {
    const update = (a: number, b: number): Update =>
      new Map([
        ["a", tensor([1], Float64Array.of(a))],
        ["b", tensor([1], Float64Array.of(b))],
      ]);
    const past = Array.from({ length: 12 }, (_, i) => ({ loss: 2 - 0.05 * i, update: update(3, 1 + 0.1 * (i % 3)) }));
    const look = (loss: number, gradient: Update, rounds = 12, extra: Partial<LocalEvidence> = {}) => {
      const local = { loss, update: gradient, past: past.slice(0, rounds), perSample: [], fresh: [], ...extra };
      const { readings } = inspectWith(dynamics, honest, { local: { batchStatistics: new Map(), ...local } });
      return Object.fromEntries(readings.map(({ criterion, flagged, score }) => [criterion, { flagged, score }]));
    };
    const calm = look(1.4, update(3, 1.1));
    expect(Object.values(calm).some(({ flagged }) => flagged)).toBe(false);
    const jumped = look(6, update(0.1, 3));
    // The last ten losses are 1.9, 1.85, … 1.45: their median is 1.675.
    expect(jumped["loss-jump"]!.score).toBeCloseTo(6 / 1.675, 9);
    expect(jumped).toMatchObject({ "loss-jump": { flagged: true }, "loss-z": { flagged: true } });
    expect(jumped["gradient-share-z"]!.flagged).toBe(true);
    expect(look(6, update(3, 1), 4)).not.toHaveProperty("loss-z");
    expect(look(6, update(3, 1), 2)).not.toHaveProperty("loss-jump");
    const dead = new Map([
      [
        "a",
        tensor(
          [200],
          Float64Array.from({ length: 200 }, (_, i) => (i === 0 ? 1 : 0)),
        ),
      ],
    ]);
    expect(look(1.4, dead, 0)["zero-gradients"]).toEqual({ flagged: true, score: 0.995 });
  });

  it("sees BatchNorm statistics that are not those of any data like one's own", async () => {
    const model = models["convnet-bn"]!(shape, 4);
    const trained = replace(freshPayload(model, random.split("bn")), "bn1.running_mean", () => 0.01);
    const evidence = (payload: Payload) => gatherEvidence({ payload, batch, backend, random: random.split("fresh") });
    const local = await evidence(trained);
    expect([...local.batchStatistics.keys()]).toEqual(["bn1", "bn2", "bn3"]);
    const mismatch = (payload: Payload) =>
      inspectWith(dynamics, payload, { local }).readings.find(({ criterion }) => criterion === "batch-norm-mismatch");
    expect(mismatch(trained)).toMatchObject({ flagged: false, where: "bn1" });
    expect(mismatch(replace(trained, "bn1.running_mean", () => -9))).toMatchObject({ flagged: true, where: "bn1" });
  });
});

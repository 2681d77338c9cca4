import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../test/small-round.js";
import type { Attack } from "../attacks/define.js";
import { createTrainer } from "../federated/training.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import { CapabilityError } from "../threat/observe.js";
import { prognose, summariseModel } from "./attackable.js";
import { loadCatalogue } from "./catalogue.js";
import { invertRecorded, type OwnAttack, type RecordedUpdate, unrecordable } from "./own-update.js";

const { attacks } = await loadCatalogue();
const random = createRandom(7);
const payload = freshPayload(models.lenet!([1, 8, 8], 4), random);
const batch = drawBatch(random.split("victim"), [1, 8, 8], 4, 1);
const trainer = createTrainer(backend, "float32");
const { update } = await trainer.gradient(payload, batch);
const recorded: RecordedUpdate = { payload, update, batchSize: 1, normalization: null };
const signal = new AbortController().signal;
const tools = { backend, signal, onProgress: () => {} };
const own = (id: string, options: object): OwnAttack => {
  const attack = attacks.get(id)!;
  return { attack, options: attack.options.parse(options), threat: "B", seed: 1, budgetSeconds: 60 };
};
const quick = { precision: "float32", history: 20, starts: 2, calls: 60, target: 1e-7 };

describe("a recorded update", () => {
  it("is explained by its reconstruction and not by guesses; both readings of the label agree", async () => {
    const result = await invertRecorded(recorded, own("dlg", quick), tools);
    expect(result.distance!.relative).toBeLessThan(1e-3);
    for (const floor of Object.values(result.floor)) {
      expect(floor.relative).toBeGreaterThan(10 * result.distance!.relative);
      expect(floor.cosine).toBeGreaterThan(0);
    }
    expect(Object.keys(result.floor)).toEqual(["prior-mean", "noise"]);
    expect(result.labels.attack).toEqual({ values: [...batch.labels], method: "labels/joint" });
    expect(result.labels.rule).toEqual({ values: [...batch.labels], method: "labels/idlg" });
    expect(result.images[0]!.reconstruction).toMatch(/^data:image\/png;base64,/);
    expect(result.handed).toEqual(["updates", "basicKnowledge"]);
  });

  it("comes with labels only where they are assumed to be known", async () => {
    const result = await invertRecorded(
      { ...recorded, labels: [2] },
      own("inverting-gradients", { iterations: 3 }),
      tools,
    );
    expect(result.labels.attack).toEqual({ values: [2], method: "known" });
    expect(result.handed).toEqual(["updates", "basicKnowledge"]);
  });

  it("cannot carry attacks that act on the federation, or that need what nobody recorded", async () => {
    const robbing = attacks.get("robbing-the-fed")!;
    expect(unrecordable(robbing, true)).toMatch(/acts while the federation runs.*leave out --update/);
    await expect(invertRecorded(recorded, own("robbing-the-fed", {}), tools)).rejects.toThrow(CapabilityError);
    const curious = { ...attacks.get("dlg")!, needs: ["updates", "trainingDetails"] as const };
    expect(unrecordable(curious, true)).toBeNull();
    expect(unrecordable(curious, false)).toContain('needs "trainingDetails", which a recorded update does not bring');
  });

  it("stops where it is told to", async () => {
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(invertRecorded(recorded, own("dlg", quick), { ...tools, signal: stopped })).rejects.toThrow("enough");
  });
});

describe("what can be said of a model beforehand", () => {
  it("names layers and what decides", () => {
    const { layers, numbers, traits } = summariseModel(models["convnet-bn"]!([3, 16, 16], 5));
    expect(new Set(layers.map(({ kind }) => kind))).toEqual(
      new Set(["convolution", "normalisation", "fully connected"]),
    );
    expect(numbers).toBe(layers.reduce((sum, layer) => sum + layer.numbers, 0));
    expect(traits.join("\n")).toMatch(/has a bias[\s\S]*ReLU[\s\S]*BatchNorm/);
    expect(summariseModel(payload.model).traits.join()).toContain("smooth");
    expect(summariseModel(models.mlp!([1, 4, 4], 3)).traits.join()).toContain("first layer is fully connected");
    expect(summariseModel(models.cnn6!([3, 32, 32], 3)).traits.join()).toContain("has no bias");
  });

  it("tries each attack, and tells letters, reasons and an upper bound of the time", async () => {
    const tried: string[] = [];
    const settings = { backend, signal, onAttack: (id: string) => void tried.push(id), trySeconds: 0.3 };
    const found = new Map((await prognose(payload, attacks.values(), settings)).map((each) => [each.attack, each]));
    expect(tried).toEqual([...attacks.keys()]);
    expect(found.get("dlg")).toMatchObject({ runs: "yes", reason: null });
    expect(found.get("dlg")!.threats.join("")).toBe("ABCDEFGH");
    expect(found.get("dlg")!.seconds).toBeGreaterThan(0);
    expect(found.get("robbing-the-fed")).toMatchObject({ runs: "not-tried", threats: ["G", "H"], seconds: null });
    const headless = freshPayload(models.cnn6!([3, 32, 32], 3), random);
    const one = [attacks.get("inverting-gradients")!];
    expect((await prognose(headless, one, settings))[0]).toMatchObject({ runs: "yes" });
    const blind: Attack = {
      ...one[0]!,
      async run(input, options, context) {
        if (!input.observation.labels) throw new RangeError("labels cannot be told");
        return one[0]!.run(input, options, context);
      },
    };
    const [without] = await prognose(headless, [blind], settings);
    expect(without).toMatchObject({ runs: "known-labels" });
    expect(without!.reason).toContain("labels cannot be told");
  });
});

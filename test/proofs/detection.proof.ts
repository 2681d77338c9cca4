// What the detectors of src/defenses/detection say of honestly trained models, and of payloads built by the published recipes. The rates of
// false alarms that stand beside the thresholds are those measured here, over both kinds of pictures.
import { afterAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.js";
import { openDataset } from "../../src/data/open.js";
import type { Inspection } from "../../src/defenses/detection/define.js";
import { gatherEvidence } from "../../src/defenses/detection/evidence.js";
import { detectors, inspectPayload } from "../../src/defenses/detection/inspect.js";
import type { Payload } from "../../src/federated/hooks.js";
import { createRandom } from "../../src/math/random.js";
import { armedPayloads } from "../armed-payloads.js";
import { architectures, readFor, recipes, trainHonestly } from "../honest-models.js";
import { backend } from "../small-round.js";
import { note, pictures } from "./prove.js";

const STEPS = [0, 1, 5, 20, 50];
/** Ten rounds of five steps, each with a look at the rounds before. */
const ROUNDS = Array.from({ length: 10 }, (_, round) => 5 * (round + 1));
const BATCH = 16;
/** D1 to D3 and D6, whose union has a bar in spec/defenses.md section 22. */
const UNION = ["duplicate-rows", "constant-next-layer", "trap-rows", "transmission-snr"];

interface Count {
  alarms: number;
  models: number;
}

/** Alarms by criterion, over one kind of pictures and over all. */
type Counts = Map<string, Count>;
const everywhere: Counts = new Map();
/** Criteria that need no batch. */
const ofPayload = new Set<string>();

function enter(counts: Counts, inspections: readonly Inspection[], counted = (_: string) => true): void {
  for (const { criterion, flagged } of inspections.flatMap(({ readings }) => readings)) {
    if (!counted(criterion)) continue;
    for (const book of [counts, everywhere]) {
      const count = book.get(criterion) ?? { alarms: 0, models: 0 };
      book.set(criterion, count);
      count.models++;
      if (flagged) count.alarms++;
    }
  }
}

const told = (counts: Counts) =>
  [...counts].map(([criterion, { alarms, models }]) => `${criterion} ${alarms}/${models}`).join(", ");

async function* honestModels(dataset: Dataset, seeds: number, keep: readonly number[]) {
  for (const architecture of architectures) {
    for (const [seed, recipe] of recipes.slice(0, seeds).entries()) {
      yield { recipe, seed, kept: await trainHonestly({ architecture, dataset, recipe, seed, keep }) };
    }
  }
}

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`detection on ${name}`, () => {
    it("leaves honest payloads alone", async () => {
      const started = performance.now();
      const counts: Counts = new Map();
      let [models, flagged] = [0, 0];
      const shifts: { score: number; t: number }[] = [];
      for await (const { kept } of honestModels(await openDataset(data), recipes.length, STEPS)) {
        for (const honest of kept) {
          const { inspections } = inspectPayload(honest, { agreed: honest.model });
          enter(counts, inspections);
          for (const criterion of counts.keys()) ofPayload.add(criterion);
          for (const { criterion, score, where } of inspections.flatMap(({ readings }) => readings)) {
            if (criterion !== "row-sum-shift") continue;
            shifts.push({ score, t: score * Math.sqrt(honest.weights.get(where)!.shape[0]! - 1) });
          }
          models++;
          if (inspections.some((each) => each.flagged && UNION.includes(each.detector))) flagged++;
        }
      }
      const lowest = Math.min(...shifts.map(({ score }) => score));
      const tooLow = shifts.filter(({ t }) => t < -6).length;
      const line = {
        proof: `detection: ${models} honest models of ${architectures.length} architectures, 0 to 50 steps`,
        pictures: name,
        unit: "models flagged by D1 to D3 or D6",
        measured: [flagged],
        summary: `alarms by criterion: ${told(counts)}; rows' sums shift down to ${lowest.toFixed(2)}, where the specification's t < -6 flags ${tooLow} of ${shifts.length}`,
        bar: "at most 1 % of 200 models or more",
        held: models >= 200 && flagged <= 0.01 * models,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });

    it("tells how often one's own batch raises an alarm on honest models", async () => {
      const started = performance.now();
      const counts: Counts = new Map();
      let models = 0;
      const dataset = await openDataset(data);
      for await (const { recipe, seed, kept } of honestModels(dataset, 2, ROUNDS)) {
        const history: Payload[] = [];
        const random = createRandom(seed).split("local");
        const records = Array.from({ length: BATCH }, () => random.integer(dataset.length));
        const batch = readFor(recipe, dataset, records);
        for (const honest of kept) {
          const local = await gatherEvidence({ payload: honest, batch, backend, random, history });
          const { inspections } = inspectPayload(honest, { agreed: honest.model, local });
          enter(counts, inspections, (criterion) => !ofPayload.has(criterion));
          history.push(honest);
          models++;
        }
      }
      const line = {
        proof: `detection: a batch of ${BATCH} on ${models} honest models, ten rounds of five steps each`,
        pictures: name,
        unit: "models with leaking rows (D4), of all",
        measured: [counts.get("leaking-rows")!.alarms, counts.get("leaking-rows")!.models],
        summary: `alarms by criterion: ${told(counts)}`,
        bar: null,
        held: null,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });

    it("finds every payload that was built by a published recipe", async () => {
      const started = performance.now();
      const dataset = await openDataset(data);
      const missed: string[] = [];
      let count = 0;
      for (const seed of [1, 2, 3]) {
        for (const { name: armed, payload, finders } of await armedPayloads(dataset, seed)) {
          const { inspections } = inspectPayload(payload);
          const found = inspections.filter(({ flagged }) => flagged).map(({ detector }) => detector);
          count++;
          if (!finders.every((finder) => found.includes(finder))) missed.push(`${armed}: ${found.join()}`);
        }
      }
      const line = {
        proof: `detection: ${count} armed payloads, without the agreed architecture`,
        pictures: name,
        unit: "payloads missed by a detector that is meant for them",
        measured: [missed.length],
        summary:
          missed.join("; ") ||
          "robbing-the-fed (all queries and bin rules), trap weights, fishing, identity kernels, what our fishing and loki send",
        bar: "none",
        held: missed.length === 0,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });
  });
}

afterAll(() => {
  process.stdout.write(`over all pictures: ${told(everywhere)}\n`);
});

describe.skipIf(pictures.some(({ missing }) => missing))("the rates beside the thresholds", () => {
  it("are those measured", () => {
    const published = detectors.flatMap(({ criteria }) =>
      Object.entries(criteria).flatMap(([criterion, { falseAlarms }]) =>
        falseAlarms ? [[criterion, falseAlarms] as const] : [],
      ),
    );
    const measured = published.map(([criterion]) => [criterion, everywhere.get(criterion)] as const);
    expect(Object.fromEntries(published)).toEqual(Object.fromEntries(measured));
  });
});

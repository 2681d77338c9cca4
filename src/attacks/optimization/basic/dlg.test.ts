// DLG and iDLG on one drawn portrait of 16 x 16: the quick twin, on committed data, of test/proofs/dlg.proof.ts.
import { describe, expect, it } from "vitest";
import {
  attackContext,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import { presets } from "../../../cli/presets.js";
import { readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import { mapUpdate } from "../../../federated/update.js";
import { createRandom } from "../../../math/random.js";
import { clampImage, splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import type { ObservedRound } from "../../../threat/observation.js";
import type { AttackContext } from "../../define.js";
import dlg from "./dlg.js";
import idlg from "./idlg.js";

const portraits = await openDataset({ source: "portraits", size: 16 });
const batch = readBatch(portraits, [1]);
const label = batch.labels[0]!;
const payload = freshPayload(models.lenet!([3, 16, 16], portraits.classes.length), createRandom(1));
const round = observed(await playRound({ payload, batch }));

/** What the demo runs these attacks with. */
function quick(id: string): Record<string, unknown> {
  const chosen = presets.demo!.config.attacks!.find((choice) => typeof choice !== "string" && choice.id === id);
  const { id: _, ...options } = chosen as Record<string, unknown>;
  return options;
}

interface Run {
  readonly seen?: ObservedRound;
  readonly labels?: readonly number[];
  readonly options?: Record<string, unknown>;
  readonly context?: Partial<AttackContext>;
}

function run(attack: typeof dlg, { seen = round, labels, options = {}, context = {} }: Run = {}) {
  return attack.run(
    {
      observation: observation({ updates: { rounds: [seen] }, ...(labels ? { labels } : {}) }),
      prepared: undefined,
      secret: undefined,
    },
    attack.options.parse({ ...quick(attack.id), ...options }),
    attackContext(1, context),
  );
}
const decibels = ({ inputs }: Awaited<ReturnType<typeof run>>) =>
  -10 * Math.log10(meanSquaredError(clampImage(splitBatch(inputs)[0]!), splitBatch(batch.inputs)[0]!));

describe.each([dlg, idlg])("$id", (attack) => {
  it("brings back the portrait above 30 dB, and its label, with nothing but the update", {
    timeout: 10_000,
  }, async () => {
    const found = await run(attack);
    expect(found.inputs.shape).toEqual([1, 3, 16, 16]);
    expect(decibels(found)).toBeGreaterThan(30);
    expect(found.labels!.values).toEqual([label]);
    expect(found.exhausted).toBe(false);
    expect(found.curve.at(-1)!.loss).toBeLessThan(found.curve[0]!.loss);
    expect(found.notes[0]).toMatch(/^1 start\(s\): (matched|stalled) at/);
  });

  it("gives the same result for the same seed, and reports progress with pictures", async () => {
    const reports: { iteration: number; total: number; picture: boolean }[] = [];
    const progress: AttackContext["progress"] = ({ iteration, total, image }) =>
      void reports.push({ iteration, total, picture: image !== undefined });
    const [first, second] = [await run(attack, { context: { progress } }), await run(attack)];
    expect(first).toEqual(second);
    expect(reports[0]!.picture).toBe(true);
    expect(reports.every(({ iteration, total }) => iteration > 0 && iteration <= total)).toBe(true);
  });

  it("uses labels that are known, and says so", async () => {
    const found = await run(attack, { labels: [label] });
    expect(found.labels).toEqual({ values: [label], method: "known" });
    expect(decibels(found)).toBeGreaterThan(30);
    const wrong = await run(attack, { labels: [(label + 1) % 8], options: { starts: 1, calls: 20 } });
    expect(decibels(wrong)).toBeLessThan(20);
  });

  it("is led astray by a halved update and recovers nothing from a random one", async () => {
    const update = round.view.update;
    const drawn = createRandom(3);
    const limit = { options: { starts: 1, calls: 20 } };
    for (const view of [mapUpdate(update, (value) => value / 2), mapUpdate(update, () => drawn.normal())]) {
      const seen: ObservedRound = { ...round, view: { kind: "upload", update: view } };
      expect(decibels(await run(attack, { seen, ...limit }))).toBeLessThan(20);
    }
  });

  it("hands over the best so far and says exhausted when its time is over", async () => {
    const calls = 3;
    let reports = 0;
    const cut = await run(attack, { context: { progress: () => void reports++, outOfTime: () => reports >= calls } });
    expect(cut.exhausted).toBe(true);
    expect(cut.curve.length).toBeLessThanOrEqual(calls);
    expect(cut.inputs.data.every(Number.isFinite)).toBe(true);
    const none = await run(attack, { context: { outOfTime: () => true } });
    expect(none).toMatchObject({ exhausted: true, iterations: 0 });
    expect(none.inputs.data.every(Number.isFinite)).toBe(true);
  });

  it("chooses among starts by the distance that it can see", async () => {
    const options = { starts: 3, calls: 2, target: 0 };
    const found = await run(attack, { options });
    const distances = found.notes[0]!.match(/distance ([^, ]+)/g)!.map((text) =>
      Number.parseFloat(text.slice("distance ".length)),
    );
    expect(distances).toHaveLength(3);
    const confidence = -found.confidence[0]!;
    expect(confidence).toBeCloseTo(Math.min(...distances), 0);
    for (const distance of distances) expect(confidence).toBeLessThanOrEqual(1.05 * distance);
  });
});

describe("starts side by side", () => {
  it("end as they do one by one", async () => {
    const options = { starts: 3, calls: 1, target: 0, precision: "float64" };
    const [single, several] = [
      await run(dlg, { options }),
      await run(dlg, { options: { ...options, startsAtOnce: 3 } }),
    ];
    expect(several.notes).toEqual(single.notes);
    expect(several.iterations).toBe(single.iterations);
    expect(several.labels).toEqual(single.labels);
    several.inputs.data.forEach((value, i) => {
      expect(value).toBeCloseTo(single.inputs.data[i]!, 6);
    });
  });
});

describe("the space that clients train in", () => {
  it("is undone where the adversary knows the normalisation", async () => {
    const normalization = { mean: [0.5, 0.4, 0.6], deviation: [0.25, 0.2, 0.3] };
    const plane = 256;
    const data = batch.inputs.data.map((value, i) => {
      const channel = Math.floor(i / plane);
      return (value - normalization.mean[channel]!) / normalization.deviation[channel]!;
    });
    const shifted = { ...batch, inputs: { ...batch.inputs, data } };
    const seen = observed(await playRound({ payload, batch: shifted }));
    const basicKnowledge = { ...knowledge(1), normalization };
    const informed = await idlg.run(
      {
        observation: observation({ updates: { rounds: [seen] }, basicKnowledge }),
        prepared: undefined,
        secret: undefined,
      },
      idlg.options.parse(quick("idlg")),
      attackContext(1),
    );
    expect(decibels(informed)).toBeGreaterThan(30);
    expect(decibels(await run(idlg, { seen }))).toBeLessThan(20);
  });
});

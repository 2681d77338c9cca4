import { describe, expect, it } from "vitest";
import { normalise } from "../data/normalization.js";
import { openDataset } from "../data/open.js";
import { createRandom } from "../math/random.js";
import type { CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { type ConfigInput, configSchema } from "./config.js";
import { planAudit } from "./plan.js";
import { openSetting, resolveRecords } from "./setting.js";

const catalogue = await loadCatalogue();
const portraits = { source: "portraits", size: 16 };

function specOf(input: ConfigInput): CaseSpec {
  const config = configSchema.parse({ attacks: ["dlg"], threats: ["A"], ...input });
  return planAudit(config, catalogue, { originals: "show", backend: "node-cpu", code: "", content: "embedded" })
    .cells[0]!.case!.spec;
}
const open = (input: ConfigInput) => openSetting(specOf(input), createRandom(1));

/** Pictures as texts, to compare sets of them. */
function texts({ inputs, labels }: { inputs: { data: ArrayLike<number> }; labels: readonly number[] }): string[] {
  const size = inputs.data.length / labels.length;
  return labels.map((_, i) =>
    Array.from(inputs.data)
      .slice(i * size, (i + 1) * size)
      .join(),
  );
}

describe("the records of a case", () => {
  it("are cut in order into batches, which must come out even", async () => {
    const data = { ...portraits, records: [9, 3, 7, 1] };
    expect((await open({ data, federation: { batchSize: 2 } })).federations).toEqual([[[9, 3]], [[7, 1]]]);
    expect(() => specOf({ data, federation: { batchSize: 3 } })).toThrow("4 image(s) do not cut into batches of 3");
    const spec = specOf({ data });
    const uneven = { ...spec, federation: { ...spec.federation, batchSize: 3 } };
    await expect(openSetting(uneven, createRandom(1))).rejects.toThrow("4 image(s) do not cut into batches of 3");
  });

  it("are dealt to the clients of a federation, each its samples", async () => {
    const data = { ...portraits, records: [9, 3, 7, 1, 0, 2, 4, 5] };
    const { federations } = await open({ data, federation: { clients: 2, samples: 2, batchSize: 2 } });
    expect(federations.map((shares) => shares.flat().sort((a, b) => a - b))).toEqual([
      [1, 3, 7, 9],
      [0, 2, 4, 5],
    ]);
    expect(federations.flat().map((share) => share.length)).toEqual([2, 2, 2, 2]);
    expect(() => specOf({ data, federation: { clients: 3, samples: 2 } })).toThrow(
      "8 image(s) do not cut into federations of 3 x 2 records; change data.records or federation.samples",
    );
  });

  it("are the first ones where a count is given, and must exist", async () => {
    const set = await openDataset(portraits);
    expect(resolveRecords(3, set)).toEqual([0, 1, 2]);
    expect(() => resolveRecords([0, set.length], set)).toThrow(
      `data.records asks for record ${set.length}, but portraits has records 0 to ${set.length - 1}`,
    );
  });
});

describe("the surrogate pictures", () => {
  const victims = [0, 1, 5];

  it.each<[string, ConfigInput["surrogate"]]>([
    ["by default", { records: 40 }],
    ["named as the same source", { ...portraits, records: 40 }],
    ["named in another order of fields", { size: 16, source: "portraits", records: 40 }],
  ])("never show a victim: %s", async (_, surrogate) => {
    const setting = await open({ data: { ...portraits, records: victims }, surrogate });
    const set = await openDataset(portraits);
    const shown = texts(setting.surrogate);
    expect(shown).toHaveLength(40);
    for (const record of victims) {
      expect(shown).not.toContain(Array.from(set.pixels(record), (byte) => byte / 255).join());
    }
  });

  it("know a victim by its content where a default is spelled out on one side only", async () => {
    const setting = await open({
      data: { source: "portraits", records: victims },
      surrogate: { source: "portraits", size: 32, records: 10 },
    });
    const set = await openDataset({ source: "portraits" });
    const expected = [2, 3, 4, 6, 7, 8, 9, 10, 11, 12].map((record) => set.label(record));
    expect(setting.surrogate.labels).toEqual(expected);
    const named = { source: "portraits", size: 32, records: [20, 5] };
    await expect(open({ data: { source: "portraits", records: victims }, surrogate: named })).rejects.toThrow(
      "surrogate record 5 is one of the records under attack",
    );
  });

  it("may come from another source of the same size, and from no other size", async () => {
    const data = { ...portraits, records: victims };
    const setting = await open({ data, surrogate: { source: "emoji", size: 16, records: 5 } });
    expect(setting.surrogate.inputs.shape).toEqual([5, 3, 16, 16]);
    await expect(open({ data, surrogate: { source: "emoji", size: 24, records: 5 } })).rejects.toThrow(
      "surrogate pictures are 3x24x24, the client's are 3x16x16; set surrogate.size",
    );
  });

  it("are an error where none is left", async () => {
    const all = (await openDataset(portraits)).length;
    await expect(open({ data: { ...portraits, records: all } })).rejects.toThrow(/no record is left/);
  });
});

describe("model and normalisation", () => {
  it("come from the seed: the same weights for the same seed, others for another", async () => {
    const spec = specOf({ data: { ...portraits, records: 1 }, surrogate: { records: 2 } });
    const weights = async (seed: number) => (await openSetting(spec, createRandom(seed))).weights;
    expect(await weights(1)).toEqual(await weights(1));
    expect(await weights(2)).not.toEqual(await weights(1));
  });

  it("centre each channel over the data set when asked to", async () => {
    const data = { ...portraits, records: [0] };
    expect((await open({ data, surrogate: { records: 2 } })).normalization).toBeNull();
    const setting = await open({ data: { ...data, normalization: "dataset" }, surrogate: { records: 511 } });
    const seen = normalise(setting.surrogate, setting.normalization);
    const plane = 256;
    for (let channel = 0; channel < 3; channel++) {
      const values = Array.from(seen.inputs.data).filter((_, i) => Math.floor(i / plane) % 3 === channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      expect(mean).toBeCloseTo(0, 1);
      expect(variance).toBeCloseTo(1, 1);
    }
  });

  it("is refused by name when unknown", async () => {
    const spec = { ...specOf({ data: portraits }), model: { name: "lenett" } };
    await expect(openSetting(spec, createRandom(1))).rejects.toThrow('unknown model "lenett"; did you mean "lenet"?');
  });
});

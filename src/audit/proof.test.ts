// Bars over made-up results, and the cases that proofs become.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Bar } from "../attacks/define.js";
import type { CaseResult } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { describeBar, holds, measureBar, measureFloor, measureSeeds, missingFigures, proofCases } from "./proof.js";

const catalogue = await loadCatalogue();
const resultOf = (psnr: readonly (number | null)[], accuracy: number | null = null) =>
  ({
    scores: { psnr: { perImage: psnr }, mse: { perImage: psnr } },
    floor: { psnr: { perImage: psnr.map(() => 8) } },
    labels: { accuracy, method: "x" },
  }) as unknown as CaseResult;
const measure = (bar: Partial<Bar>, arms: Record<string, CaseResult[]>) =>
  measureBar(
    { arm: "attack", metric: "psnr", over: "mean", op: ">=", value: 0, evidence: "measured", ...bar },
    new Map(Object.entries(arms)),
    catalogue,
  );

describe("a bar", () => {
  const attack = [resultOf([10, 30]), resultOf([20, 40])];

  it.each<[Bar["over"], number]>([
    ["mean", 25],
    ["median", 25],
    ["best", 40],
    ["worst", 10],
    [{ share: 0.5 }, 30],
    [{ share: 0.75 }, 20],
    [{ share: 1 }, 10],
    [{ share: 0.01 }, 40],
  ])("over %j of 10, 20, 30, 40 measures %d", (over, expected) => {
    expect(measure({ over }, { attack })).toBe(expected);
  });

  it("turns with the direction of its metric and of its sign", () => {
    expect(measure({ metric: "mse", over: "best" }, { attack })).toBe(10);
    expect(measure({ over: { share: 0.75 }, op: "<=" }, { attack })).toBe(30);
  });

  it("measures one arm above another", () => {
    expect(measure({ minus: "blind" }, { attack, blind: [resultOf([5, 5])] })).toBe(20);
  });

  it("counts an image without a figure as one that gave nothing away", () => {
    expect(measure({ over: "worst" }, { attack: [resultOf([30, null])] })).toBe(0);
    expect(measure({ metric: "mse", over: "worst" }, { attack: [resultOf([0.5, null])] })).toBe(1);
  });

  it("measures labels, none being none right", () => {
    expect(measure({ metric: "labels" }, { attack: [resultOf([], 1), resultOf([], 0.5), resultOf([])] })).toBe(0.5);
  });

  it("stands beside each seed's own figure, the floor's, and how many are missing", () => {
    const bar: Bar = { arm: "attack", metric: "psnr", over: "mean", op: ">=", value: 0, evidence: "measured" };
    const arms = new Map([
      ["attack", [resultOf([10, 30]), resultOf([40, null])]],
      ["blind", [resultOf([5, 5]), resultOf([null, 6])]],
    ]);
    const minus = { ...bar, minus: "blind" };
    const labels = { ...bar, metric: "labels" };
    expect([bar, minus, labels].map((each) => measureSeeds(each, arms, catalogue))).toEqual([
      [20, 20],
      [15, 17],
      [0, 0],
    ]);
    expect([bar, minus, labels].map((each) => measureFloor(each, arms, catalogue))).toEqual([8, null, null]);
    expect([bar, minus, labels].map((each) => missingFigures(each, arms))).toEqual([1, 2, 2]);
  });

  it("needs a figure and an existing metric", () => {
    expect(() => measure({}, { attack: [] })).toThrow("no image was attacked");
    expect(() => measure({ metric: "psrn" }, { attack })).toThrow('unknown metric "psrn"');
  });

  it("holds or not, and reads as a sentence", () => {
    const bar: Bar = {
      arm: "a",
      minus: "b",
      metric: "ssim",
      over: { share: 0.8 },
      op: ">=",
      value: 0.1,
      evidence: "derived",
    };
    expect([holds(bar, 0.1), holds(bar, 0.09), holds({ ...bar, op: "<=" }, 0.09)]).toEqual([true, false, true]);
    expect(describeBar(bar)).toBe("ssim of a minus b, 80 % of images: >= 0.1");
  });
});

describe("the cases of a proof", () => {
  const settings = { backend: "node-cpu", code: "" };

  it.each(
    [...catalogue.attacks.values()].flatMap((attack) =>
      attack.proofs.map((proof) => [`${attack.id}/${proof.id}`, attack, proof] as const),
    ),
  )("%s: one for every arm and seed, all different, with three seeds or more", async (_, attack, proof) => {
    const cases = await proofCases(attack, proof, catalogue, settings);
    expect(cases).toHaveLength(proof.seeds * Object.keys(proof.arms).length);
    expect(new Set(cases.map((each) => each.case.key)).size).toBe(cases.length);
    expect(proof.seeds).toBeGreaterThanOrEqual(3);
    expect(proof.bars.length).toBeGreaterThan(0);
  });

  it("attack other records with every seed, of the data that is asked for", async () => {
    const attack = catalogue.attacks.get("grnn")!;
    const proof = attack.proofs.find(({ id }) => id === "batch-4")!;
    const data = { source: "portraits", size: 16 };
    const cases = await proofCases(attack, proof, catalogue, { ...settings, data, seeds: 2 });
    expect(cases.map(({ arm, seed, case: { spec } }) => [arm, seed, spec.attack.id, spec.data.records])).toEqual([
      ["attack", 1, "grnn", [0, 1, 2, 3]],
      ["attack", 2, "grnn", [4, 5, 6, 7]],
      ["dlg", 1, "dlg", [0, 1, 2, 3]],
      ["dlg", 2, "dlg", [4, 5, 6, 7]],
    ]);
    expect(cases[0]!.case.spec.data).toMatchObject(data);
    expect(cases.map(({ case: { spec } }) => spec.threat)).toEqual(["B", "B", "A", "A"]);
  });

  it("keep the data that an arm names itself", async () => {
    const attack = catalogue.attacks.get("grnn")!;
    const setting = { data: { source: "emoji" } };
    const proof = { ...attack.proofs[0]!, arms: { attack: {}, drawn: { setting } } };
    const sources = async (data?: { source: string }) =>
      (await proofCases(attack, proof, catalogue, { ...settings, ...(data ? { data } : {}), seeds: 1 })).map(
        ({ case: { spec } }) => spec.data.source,
      );
    expect(await sources()).toEqual(["photos", "emoji"]);
    expect(await sources({ source: "portraits" })).toEqual(["portraits", "emoji"]);
  });

  it("are other cases when a file of that name holds other pictures", async () => {
    const folder = mkdtempSync(join(tmpdir(), "leakscope-proof-"));
    try {
      const attack = catalogue.attacks.get("grnn")!;
      const data = { source: "cifar10", path: join(folder, "some.bin") };
      const keyWith = async (byte: number) => {
        writeFileSync(data.path, new Uint8Array(3 * 3073).fill(byte));
        const cases = await proofCases(attack, attack.proofs[0]!, catalogue, { ...settings, data, seeds: 1 });
        return cases[0]!.case.key;
      };
      const first = await keyWith(1);
      expect(await keyWith(2)).not.toBe(first);
      expect(await keyWith(1)).toBe(first);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("name what there is not", async () => {
    const attack = catalogue.attacks.get("grnn")!;
    const [proof] = attack.proofs;
    const bars = [{ ...proof!.bars[0]!, arm: "nobody" }];
    await expect(proofCases(attack, { ...proof!, bars }, catalogue, settings)).rejects.toThrow('has no arm "nobody"');
    const arms = { attack: { attack: { id: "none" } } };
    await expect(proofCases(attack, { ...proof!, arms }, catalogue, settings)).rejects.toThrow(
      'there is no attack "none"',
    );
  });
});

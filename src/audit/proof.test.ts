// Bars over made-up results, and the cases that proofs become.
import { describe, expect, it } from "vitest";
import type { Bar } from "../attacks/define.js";
import type { CaseResult } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { describeBar, holds, measureBar, proofCases } from "./proof.js";

const catalogue = await loadCatalogue();
const resultOf = (psnr: readonly (number | null)[], accuracy: number | null = null) =>
  ({
    scores: { psnr: { perImage: psnr }, mse: { perImage: psnr } },
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
  )("%s: one for every arm and seed, all different, with three seeds or more", (_, attack, proof) => {
    const cases = proofCases(attack, proof, catalogue, settings);
    expect(cases).toHaveLength(proof.seeds * Object.keys(proof.arms).length);
    expect(new Set(cases.map((each) => each.case.key)).size).toBe(cases.length);
    expect(proof.seeds).toBeGreaterThanOrEqual(3);
    expect(proof.bars.length).toBeGreaterThan(0);
    expect(proof.arms.attack).toBeDefined();
  });

  it("attack other records with every seed, of the data that is asked for", () => {
    const attack = catalogue.attacks.get("grnn")!;
    const proof = attack.proofs.find(({ id }) => id === "batch-4")!;
    const data = { source: "portraits", size: 16 };
    const cases = proofCases(attack, proof, catalogue, { ...settings, data, seeds: 2 });
    expect(cases.map(({ arm, seed, case: { spec } }) => [arm, seed, spec.attack.id, spec.data.records])).toEqual([
      ["attack", 1, "grnn", [0, 1, 2, 3]],
      ["attack", 2, "grnn", [4, 5, 6, 7]],
      ["dlg", 1, "dlg", [0, 1, 2, 3]],
      ["dlg", 2, "dlg", [4, 5, 6, 7]],
    ]);
    expect(cases[0]!.case.spec.data).toMatchObject(data);
    expect(cases.map(({ case: { spec } }) => spec.threat)).toEqual(["B", "B", "A", "A"]);
  });

  it("name what there is not", () => {
    const attack = catalogue.attacks.get("grnn")!;
    const [proof] = attack.proofs;
    const bars = [{ ...proof!.bars[0]!, arm: "nobody" }];
    expect(() => proofCases(attack, { ...proof!, bars }, catalogue, settings)).toThrow('has no arm "nobody"');
    const arms = { attack: { attack: { id: "none" } } };
    expect(() => proofCases(attack, { ...proof!, arms }, catalogue, settings)).toThrow('there is no attack "none"');
  });
});

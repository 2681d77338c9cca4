// Pages of attacks: what a definition and its evidence come to, from the built program.
import { describe, expect, it } from "vitest";
import { loadCatalogue } from "../src/audit/catalogue.js";

const script = new URL("../scripts/attack-page.js", import.meta.url).href;
const { attackPage } = (await import(script)) as {
  attackPage: (attack: object, evidence: readonly object[]) => string;
};
const grnn = (await loadCatalogue()).attacks.get("grnn")!;

/** Lines of the part below a heading. */
const part = (page: string, heading: string): string => page.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;

const row = {
  ...{ attack: "grnn", proof: "smoothness", bar: "psnr of without-tv, median: >= 25", data: "photos", measured: 27.5 },
  ...{ floor: 11, perSeed: [26, 28], verdict: "held", seconds: 9, date: "2026-11-23" },
};

describe("the page of an attack", () => {
  it("is complete without any evidence, and says that there is none", () => {
    const page = attackPage(grnn, []);
    for (const heading of ["What it needs", "Options", "Control", "Proofs", "Ablation", "Limits"]) {
      expect(part(page, heading).trim()).not.toBe("");
    }
    expect(page).not.toMatch(/undefined|\[object|NaN/);
    expect(part(page, "Proofs")).toContain("not measured yet");
    expect(part(page, "What it needs")).toContain("Weakest adversary: **B Informed Eavesdropper**");
    expect(part(page, "Options")).toContain("| `iterations` | integer ≥ 1 | default 1000 |");
  });

  it("shows a figure with its mark, data and floor, in its proof and, where a part is switched off, as ablation", () => {
    const page = attackPage(grnn, [row, { ...row, data: "cifar10", measured: 12, floor: null, verdict: "missed" }]);
    const bar = "| psnr of without-tv, median: >= 25 | measured |";
    expect(part(page, "Proofs")).toContain(`${bar} photos | 27.5 (11) | 26 28 | held | 9 s | 2026-11-23 |`);
    const ablation = part(page, "Ablation");
    expect(ablation).toContain(`| smoothness | \`without-tv\`: \`tv\` 0 ${bar} photos | 27.5 (11) | held |`);
    expect(ablation).toContain("| cifar10 | 12 | missed |");
    // Another attack and another model are no parts of this one.
    expect(ablation).not.toMatch(/\| batch-4 \||\| relu \|/);
  });

  it("says in its limits which labels are handed over, and which bars are known to fail", () => {
    const [proof] = grnn.proofs;
    const fails = { measured: "21 dB on CIFAR-10", why: "Sigmoids saturate." };
    const proofs = [
      { ...proof!, setting: { ...proof!.setting, labels: "known" }, bars: [{ ...proof!.bars[0]!, fails }] },
    ];
    const limits = part(attackPage({ ...grnn, proofs }, []), "Limits");
    expect(limits).toContain("◦ The labels are handed to the attacker in: lenet.");
    expect(limits).toContain(
      "Known to fail: lenet, psnr of attack, median: >= 25: 21 dB on CIFAR-10. Sigmoids saturate.",
    );
    expect(limits).toContain("A bar marked *estimated* is an expectation that nobody has published.");
  });
});

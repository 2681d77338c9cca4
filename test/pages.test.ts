// Pages of attacks, defenses and the shift curve: what definitions and measured figures come to, from the built program.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadCatalogue } from "../src/audit/catalogue.js";

const load = (name: string) => import(new URL(`../scripts/${name}.js`, import.meta.url).href);
const { attackPage, attackIndex } = (await load("attack-page")) as {
  attackPage: (attack: object, evidence: readonly object[]) => string;
  attackIndex: (attacks: readonly object[], evidence: readonly object[]) => string;
};
const { defensePage } = (await load("defense-page")) as {
  defensePage: (defense: object, attacks: readonly object[], evidence: readonly object[]) => string;
};
const { metricPage } = (await load("metric-page")) as { metricPage: (metric: object) => string };
const { shiftPage } = (await load("shift-page")) as { shiftPage: (figures: object) => string };
const { shiftChart } = (await load("shift-chart")) as { shiftChart: (figures: object) => string };

const { attacks, defenses, metrics } = await loadCatalogue();
const grnn = attacks.get("grnn")!;
const all = [...attacks.values()];

/** Lines of the part below a heading. */
const part = (page: string, heading: string): string => page.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;
const isWhole = (page: string) => expect(page).not.toMatch(/undefined|\[object|NaN/);

const row = {
  ...{ attack: "grnn", proof: "smoothness", bar: "psnr of without-tv, median: >= 25", data: "photos", measured: 27.5 },
  ...{ floor: 11, perSeed: [26, 28], verdict: "held", seconds: 9, date: "2026-11-23" },
};

describe("the page of an attack", () => {
  it("is complete without any evidence, and says that there is none", () => {
    const page = attackPage(grnn, []);
    for (const heading of ["What it needs", "Labels", "Options", "Control", "Proofs", "Ablation", "Limits"]) {
      expect(part(page, heading).trim()).not.toBe("");
    }
    isWhole(page);
    expect(part(page, "Proofs")).toContain("no figure is kept");
    expect(page).not.toContain("EVIDENCE.md");
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

  it("says which labels are handed over, which bars are known to fail, and that a method is reconstructed", () => {
    const [proof] = grnn.proofs;
    const fails = { measured: "21 dB on CIFAR-10", why: "Sigmoids saturate." };
    const proofs = [
      { ...proof!, setting: { ...proof!.setting, labels: "known" }, bars: [{ ...proof!.bars[0]!, fails }] },
    ];
    const page = attackPage({ ...grnn, proofs, reconstructed: "from the abstract" }, []);
    expect(part(page, "Labels")).toContain("◦ They are handed to the attacker in these proofs: `lenet`.");
    const limits = part(page, "Limits");
    expect(limits).toContain(
      "Known to fail: lenet, psnr of attack, median: >= 25: 21 dB on CIFAR-10. Sigmoids saturate.",
    );
    expect(limits).toContain("A bar marked *estimated* is an expectation that nobody has published.");
    expect(page).toContain("> *Reconstructed, not published*: from the abstract");
    expect(attackPage(grnn, [])).not.toContain("Reconstructed");
  });

  it("is listed with the bars that hold on all data, of those that were measured", () => {
    const bar = { ...row, bar: "psnr of without-tv, median: >= 25" };
    const line = (evidence: object[]) =>
      attackIndex(all, evidence)
        .split("\n")
        .find((each) => each.includes("(grnn.md)"));
    const bars = grnn.proofs.flatMap((proof) => proof.bars).length;
    expect(line([bar])).toMatch(new RegExp(`\\| ${bars} \\| 1 of 1 \\|$`));
    expect(line([bar, { ...bar, data: "cifar10", verdict: "missed" }])).toMatch(/\| 0 of 1 \|$/);
    isWhole(attackIndex(all, []));
  });
});

describe("the pages of all that there is", () => {
  it("leave nothing out", () => {
    for (const attack of all) isWhole(attackPage(attack, []));
    for (const defense of defenses.values()) isWhole(defensePage(defense, all, []));
    for (const metric of metrics.values()) isWhole(metricPage(metric));
  });

  it("tell of a defense who knows it, and each bar that holds under it once", () => {
    const page = defensePage(defenses.get("top-k")!, all, []);
    expect(part(page, "Attackers who know of it")).toContain("[`gi-pip`](../attacks/gi-pip.md)");
    const bars = part(page, "Proofs under it").split("ssim of attack minus other-surrogate, mean: >= 0");
    expect(bars).toHaveLength(2);
  });
});

describe("the shift curve", () => {
  const seed = (psnr: number[], floor: number[]) => [{ seed: 1, psnr, floor }];
  const point = (kind: string, severity: number, psnr: number[], floor: number[]) => ({
    ...{ data: "photos", surrogates: 10, kind, severity, seeds: seed(psnr, floor), seconds: 4, date: "2026-11-23" },
  });
  const figures = {
    ...{ attack: { id: "fgla", options: { width: 24 } }, model: { name: "convnet", classes: 100 }, batchSize: 1 },
    ...{ labels: "recovered", picturesPerSeed: 2, device: "a machine" },
    points: [point("none", 0, [20, 30], [10, 20]), point("style", 1, [18, 20], [12, 14])],
  };

  it("states means, distance to the floor, what the shift costs, and n", () => {
    const page = shiftPage(figures);
    expect(page).toContain("| none | 0 | 25.0 | 25.0 | 15.0 | +10.0 |");
    expect(page).toContain("| style | 1 | 19.0 | 19.0 | 13.0 | +6.0 | -6.0 (-6.0) |");
    expect(page).toContain("n = 2 pictures");
    isWhole(page);
  });

  it("is drawn with the floor dashed, higher decibels further up", () => {
    const chart = shiftChart(figures);
    isWhole(chart);
    const [curve, floor] = [...chart.matchAll(/points="([^"]+)" fill="none" stroke="#d55e00"( [^/]*)/g)];
    const heights = (match: RegExpMatchArray) => match[1]!.split(" ").map((pair) => Number(pair.split(",")[1]));
    const [start, end] = heights(curve!) as [number, number];
    expect(start).toBeLessThan(end);
    expect(heights(floor!)[0]).toBeGreaterThan(start);
    expect(floor![2]).toContain("stroke-dasharray");
    expect(curve![2]).not.toContain("stroke-dasharray");
  });

  it("is kept as it was measured: three seeds or more, floors, and as many surrogate pictures at every point of a data set", () => {
    const { points } = JSON.parse(readFileSync("docs/surrogate-shift.json", "utf8")) as typeof figures;
    for (const { seeds, data, surrogates } of points) {
      expect(seeds.length).toBeGreaterThanOrEqual(3);
      for (const { psnr, floor } of seeds) expect(floor).toHaveLength(psnr.length);
      expect(surrogates).toBe(points.find((each) => each.data === data)!.surrogates);
    }
  });
});

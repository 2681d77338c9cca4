import { describe, expect, it } from "vitest";
import {
  type Capability,
  capabilities,
  grants,
  refusal,
  type ThreatLetter,
  threatLetters,
  threatModels,
  weakestThreat,
} from "./capabilities.js";

// DESIGN.md section 7, columns in the order of `capabilities`.
const table: Readonly<Record<ThreatLetter, string>> = {
  A: "x......",
  B: "xx.....",
  C: "xxx....",
  D: "xxxx...",
  E: "xxxxx..",
  F: "xxx..x.",
  G: "xxxx.x.",
  H: "xxxx.xx",
};
const columns = Object.keys(capabilities) as Capability[];

describe("the threat models", () => {
  it("are the eight letters over the seven capabilities of the seed's Table 1", () => {
    expect(threatLetters.join("")).toBe("ABCDEFGH");
    expect(columns).toEqual([
      "updates",
      "basicKnowledge",
      "trainingDetails",
      "surrogateData",
      "clientDistribution",
      "activeManipulation",
      "clientSelection",
    ]);
  });

  it.each(Object.entries(table) as [ThreatLetter, string][])("%s grants %s", (letter, row) => {
    expect(columns.map((capability) => (grants(letter, capability) ? "x" : ".")).join("")).toBe(row);
    expect(threatModels[letter].who).not.toBe("");
  });

  it.each<[Capability[], ThreatLetter | null]>([
    [[], "A"],
    [["updates"], "A"],
    [["basicKnowledge"], "B"],
    [["updates", "trainingDetails"], "C"],
    [["surrogateData"], "D"],
    [["clientDistribution"], "E"],
    [["activeManipulation"], "F"],
    [["activeManipulation", "surrogateData"], "G"],
    [["clientSelection"], "H"],
    [["clientDistribution", "activeManipulation"], null],
  ])("the weakest that grants %j is %s", (needs, expected) => {
    expect(weakestThreat(needs)).toBe(expected);
  });
});

describe("refusal", () => {
  it("is null exactly where the letter grants every need", () => {
    for (const letter of threatLetters) {
      for (const capability of columns) {
        const reason = refusal("some-attack", ["updates", capability], letter);
        if (grants(letter, capability)) expect(reason).toBeNull();
        else {
          expect(reason).toContain(`needs "${capability}"`);
          expect(reason).toContain(`threat model ${letter} (${threatModels[letter].title})`);
          const granting = weakestThreat(["updates", capability])!;
          expect(reason).toContain(`is ${granting} (${threatModels[granting].title})`);
        }
      }
    }
  });

  it("names every missing capability and no granted one", () => {
    const reason = refusal("robbing", ["updates", "surrogateData", "activeManipulation"], "B");
    expect(reason).toBe(
      'attack robbing needs "surrogateData" and "activeManipulation", which threat model B (Informed Eavesdropper) does ' +
        "not have; the weakest threat model that grants them is G (Data-Enhanced Manipulator)",
    );
  });

  it("says when no threat model grants the needs together", () => {
    expect(refusal("odd", ["clientDistribution", "clientSelection"], "H")).toContain("no threat model grants it");
  });
});

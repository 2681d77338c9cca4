import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { judgeAssertions, limitNames, readLimit } from "./assert.js";
import { assertSchema, matches, selectorParts } from "./assertions.js";
import type { CellJson } from "./audit-json.js";
import { loadCatalogue } from "./catalogue.js";

const metrics = [...(await loadCatalogue()).metrics.values()];
const [base] = sampleAudit().cells;

/** A decided cell with PSNR per image and the share of images that were recognised. */
function cell(changes: Partial<CellJson>, psnr: readonly number[] = [20], iip = 0): CellJson {
  const score = { variant: "x", moreLeakage: "higher" as const };
  return {
    ...base!,
    ...changes,
    images: psnr.map((value) => ({ ...base!.images[0]!, leaked: value >= 30 })),
    scores: {
      psnr: {
        ...score,
        perImage: [...psnr],
        mean: psnr.reduce((a, b) => a + b) / psnr.length,
        best: Math.max(...psnr),
      },
      iip: {
        ...score,
        perImage: psnr.map((_, i) => (i < iip * psnr.length ? 1 : 0)),
        mean: iip,
        best: iip > 0 ? 1 : 0,
      },
    },
  };
}

const cells = [
  cell({ key: "a", attack: "dlg", threat: "A", status: "leak" }, [50, 10], 0.5),
  cell({ key: "b", attack: "dlg", threat: "A", defense: "top-k", status: "resisted" }, [12, 11]),
  cell({ key: "c", attack: "idlg", threat: "B", status: "resisted" }, [14, 9]),
  cell({ key: "d", attack: "idlg", threat: "B", defense: "top-k", status: "unknown" }, [13]),
  cell({ key: "e", attack: "fishing", threat: "B", status: "not-applicable" }, [99], 1),
];
const judge = (assert: unknown) => judgeAssertions(assertSchema.parse(assert), cells, metrics);
const outcome = (selector: string, limits: object) => judge({ [selector]: ["error", limits] })[0]!;

describe("judgeAssertions", () => {
  it("takes the worst cell and its worst image, and the share of recognised images", () => {
    expect(outcome("attack/*", { maxPsnr: 30 })).toMatchObject({ measured: 50, worstCell: "a", outcome: "failed" });
    expect(outcome("attack/dlg", { maxIip: 0.5 })).toMatchObject({ measured: 0.5, outcome: "passed" });
    expect(outcome("attack/dlg", { maxIip: 0.4 })).toMatchObject({ measured: 0.5, outcome: "failed" });
    expect(outcome("threat/A", { minScore: 0.8 })).toMatchObject({ measured: 0.5, outcome: "failed" });
    expect(outcome("attack/dlg defense/top-k", { maxPsnr: 12 })).toMatchObject({ measured: 12, cells: 1 });
    expect(outcome("threat/A", { maxLeaks: 1 })).toMatchObject({ measured: 1, outcome: "passed" });
  });

  it("takes the middle or the best cell when told to", () => {
    const of = (aggregate: string) => outcome("attack/*", { maxPsnr: 13, aggregate }).measured;
    expect([of("pessimistic"), of("median"), of("optimistic")]).toEqual([50, 14, 12]);
  });

  it("passes nothing that is open: unknown cells, or none that applies", () => {
    expect(outcome("threat/B", { maxPsnr: 20 })).toMatchObject({ measured: 14, outcome: "undecided" });
    expect(outcome("threat/B", { maxPsnr: 10 })).toMatchObject({ outcome: "failed" });
    expect(outcome("attack/fishing", { maxLeaks: 0 })).toMatchObject({ outcome: "undecided", measured: null });
    expect(outcome("threat/A", { minMse: 1e-4 })).toMatchObject({ outcome: "undecided", measured: null });
  });

  it("leaves out what is off, and judges every limit by itself", () => {
    expect(judge({ "attack/*": ["off", { maxLeaks: 0 }] })).toEqual([]);
    expect(judge({ "threat/A": ["warn", { maxLeaks: 0, maxPsnr: 60 }] }).map((each) => each.outcome)).toEqual([
      "failed",
      "passed",
    ]);
  });
});

it("selectors match ids with stars, and several parts together", () => {
  expect(selectorParts("attack/dlg threat/*")).toEqual([
    { kind: "attack", glob: "dlg" },
    { kind: "threat", glob: "*" },
  ]);
  for (const wrong of ["", "dlg", "cell/x", "attack/", "attack/a/b", "attack/dlg x"])
    expect(selectorParts(wrong)).toBeNull();
  const glob = (pattern: string, ...words: string[]) => words.map((word) => matches(pattern, word));
  expect(glob("*", "dlg", "")).toEqual([true, true]);
  expect(glob("gi*-p*p", "gi-pip", "gi-pipe", "gip")).toEqual([true, false, false]);
  expect(glob("*dlg", "idlg", "dlg", "dlgs")).toEqual([true, true, false]);
  expect(glob("a*a", "a", "aa", "aba")).toEqual([false, true, true]);
});

it("limits bound a metric on the side where it leaks", () => {
  expect(limitNames(metrics)).toEqual(expect.arrayContaining(["maxPsnr", "minMse", "minLpips", "maxIip", "minScore"]));
  expect(readLimit("minPsnr", metrics)).toBeUndefined();
  expect(readLimit("constructor", metrics)).toBeUndefined();
  expect(() => assertSchema.parse({ "attack/*": ["error", {}] })).toThrow("cannot fail");
  expect(() => assertSchema.parse({ "attack/*": ["error", { maxPsnr: "20" }] })).toThrow();
});

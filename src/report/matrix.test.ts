// What a square of the overview says: the worst cell, and unknown never hidden by what resisted.
import { expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { CellJson } from "../audit/audit-json.js";
import { holdingDefenses, matrixOf, pairOf } from "./matrix.js";

const squareOf = (cells: readonly CellJson[], threat = "A", attack = "dlg") =>
  matrixOf({ cells: [...cells] }).squares.get(pairOf(threat, attack));

it("shows the cell that leaks most, with the defenses that stopped it", () => {
  const { cells } = sampleAudit();
  expect(squareOf(cells)).toMatchObject({
    status: "leak",
    share: 1,
    band: 4,
    tried: ["Top-k sparsification"],
    stopping: ["Top-k sparsification"],
  });
  expect(squareOf(cells, "A", "inverting-gradients")).toMatchObject({ status: "not-applicable", share: null, band: 0 });
  expect(squareOf(cells, "H")).toBeUndefined();
  expect(matrixOf({ cells }).attacks.map(({ id }) => id)).toEqual(["dlg", "inverting-gradients", "robbing-the-fed"]);
});

it.each([
  [["resisted", "unknown"], "unknown"],
  [["resisted", "error"], "error"],
  [["not-applicable", "resisted"], "resisted"],
  [["unknown", "leak", "resisted"], "leak"],
] as const)("of %j it shows %s", (statuses, shown) => {
  const [cell] = sampleAudit().cells;
  expect(squareOf(statuses.map((status) => ({ ...cell!, status })))!.status).toBe(shown);
});

it("colours by the share of pictures", () => {
  const [cell] = sampleAudit().cells;
  const bands = [1, 2, 3, 4].map(
    (leaked) =>
      squareOf([{ ...cell!, images: cell!.images.map((image, i) => ({ ...image, leaked: i < leaked })) }])!.band,
  );
  expect(bands).toEqual([1, 2, 3, 4]);
});

it("takes no defense for one that holds if the attacker who knows it gets through, or if that is unknown", () => {
  const stopped = sampleAudit().cells.find(({ status }) => status === "resisted")!;
  expect(holdingDefenses([stopped]).map(({ id }) => id)).toEqual(["top-k"]);
  for (const status of ["leak", "unknown", "error"] as const) {
    expect(holdingDefenses([stopped, { ...stopped, adaptive: true, status }])).toEqual([]);
  }
});

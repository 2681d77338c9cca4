// Cells of one computation are told once, and those that differ in anything are not.
import { expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { describeObservers, groupCells } from "./groups.js";

it("tells a shared computation once, under the weakest adversary", () => {
  const groups = groupCells(sampleAudit().cells);
  expect(groups).toHaveLength(6);
  expect(groups[0]!.threats).toEqual(["A", "B"]);
  expect(describeObservers(groups[0]!)).toBe("Adversary A; B: same observation as under A, same result");
  expect(describeObservers(groups.at(-1)!)).toBe("Adversary F");
});

it("keeps cells apart that differ in one picture alone", () => {
  const audit = sampleAudit(({ cells }) => {
    cells[1]!.images[3]!.reconstruction = cells[2]!.images[0]!.reconstruction;
  });
  expect(groupCells(audit.cells)).toHaveLength(7);
});

it("groups two thousand cells in well under a second", () => {
  const [cell] = sampleAudit().cells;
  const cells = Array.from({ length: 2000 }, (_, seed) => ({ ...cell!, case: { seed: seed % 1000 } }));
  const started = performance.now();
  expect(groupCells(cells)).toHaveLength(1000);
  expect(performance.now() - started).toBeLessThan(1000);
});

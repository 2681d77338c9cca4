// Cells without a result, by what is known of the run.
import { expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { tellUnfinished } from "./unfinished.js";

const sample = sampleAudit();
const [first, ...others] = sample.cells;
const checkpoint = {
  ...sample,
  interrupted: true,
  cells: [{ ...first!, status: "unknown" as const, unfinished: true as const, reason: "had not finished" }, ...others],
};

it("tells running from stopped, and touches no other cell", () => {
  const running = tellUnfinished(checkpoint, "running");
  expect(running.interrupted).toBe(false);
  expect(running.cells[0]).toMatchObject({ status: "unknown", reason: "it is still under way" });
  expect(running.cells.slice(1)).toEqual(others);
  for (const state of ["stopped", "ended"] as const) {
    const told = tellUnfinished(checkpoint, state);
    expect(told.interrupted).toBe(true);
    expect(told.cells[0]!.reason).toContain("`leakscope audit --resume` goes on");
    expect(told.cells.slice(1)).toEqual(others);
  }
});

it("leaves an audit that ended by itself as it is", () => {
  expect(tellUnfinished(sample, "ended")).toEqual(sample);
});

// The tracker, and the two views drawn from it.
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEvent, PlannedJob } from "../audit/interfaces.js";
import { renderGrid, sparkline } from "./grid.js";
import { createLines } from "./lines.js";
import { createTracker, remainingSeconds } from "./tracker.js";

const job = (key: string, attack: string, defense: string, threats: string[]): PlannedJob => ({
  ...{ key, attack, defense, threats },
  kind: threats.length > 0 ? "cell" : "control",
});
const jobs = [
  job("1", "dlg", "none", ["A", "B"]),
  job("2", "dlg", "top-k", ["A"]),
  job("3", "inverting-gradients", "none", ["B"]),
  job("c", "dlg", "none", []),
];
const planned: AuditEvent = { type: "planned", jobs, cells: 6, notApplicable: 1 };
const progress = (key: string, iteration: number, loss: number): AuditEvent => ({
  type: "progress",
  key,
  progress: { iteration, total: 100, loss },
});
const finished = (key: string, outcome: string, seconds = 10, cached = false): AuditEvent => ({
  ...{ type: "finished", key, outcome, seconds, cached },
});

function trackAll(events: readonly AuditEvent[], clock = { now: 0 }) {
  const tracker = createTracker(() => clock.now);
  for (const event of events) tracker.take(event);
  return tracker;
}

const view = { now: 65_000, workers: 2, columns: 80, rows: 24, color: false };

describe("renderGrid", () => {
  it("shows a row per pair, a mark per threat model, and what runs", () => {
    const tracker = trackAll([
      planned,
      ...[finished("1", "leak"), finished("2", "no leak"), finished("c", "leak")],
      ...([{ type: "started", key: "3" }, progress("3", 10, 1), progress("3", 42, 0.01)] as AuditEvent[]),
    ]);
    expect(renderGrid(tracker, view).split("\n")).toEqual([
      "3 of 4 jobs, 1:05, about 45 s left",
      "attack               defense  A B",
      "dlg                  none     ■ ■",
      "dlg                  top-k    □",
      "inverting-gradients  none       ◐   42 %  █▁ loss 0.01",
      "dlg                  control  ✓",
      "■ leak  □ no leak  ✓ control leaks  ✗ it does not  ! error  ◐ running  Ctrl-C st",
    ]);
  });

  it("marks errors, failed controls and controls that nobody announced", () => {
    const text = renderGrid(
      trackAll([planned, finished("1", "error"), finished("c", "no leak"), { type: "started", key: "x" }]),
      view,
    );
    expect(text).toContain("dlg                  none     ! !");
    expect(text).toContain("dlg                  control  ✗");
    expect(text).toContain("your model           control  ◐");
    expect(text).toContain("2 of 5 jobs");
  });

  it("colours marks only, and leaks red", () => {
    const tracker = trackAll([planned, finished("1", "leak")]);
    const text = renderGrid(tracker, { ...view, color: true });
    expect(text).toContain("\u001b[31m■\u001b[39m");
    expect(stripVTControlCharacters(text)).toBe(renderGrid(tracker, view));
  });

  it("fits into any terminal, and keeps running rows in sight", () => {
    const many = Array.from({ length: 40 }, (_, i) => job(`k${i}`, `attack-${i}`, "none", ["A"]));
    const tracker = trackAll([
      { type: "planned", jobs: many, cells: 40, notApplicable: 0 },
      { type: "started", key: "k39" },
      progress("k39", 50, 0.5),
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 200 }), fc.integer({ min: 8, max: 60 }), (columns, rows) => {
        const lines = renderGrid(tracker, { ...view, columns, rows }).split("\n");
        expect(lines.length).toBeLessThan(rows);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
        expect(lines.some((line) => line.startsWith("attack-39 ") && line.includes("◐"))).toBe(true);
      }),
    );
  });
});

describe("sparkline", () => {
  it("falls with the loss, on a logarithmic scale", () => {
    expect(sparkline([1, 0.1, 0.01])).toBe("█▅▁");
    expect(sparkline([2, 2, 2])).toBe("▁▁▁");
    expect(sparkline([])).toBe("");
    expect([...sparkline(Array.from({ length: 500 }, (_, i) => 500 - i))]).toHaveLength(16);
    expect(sparkline([1, 0])).toBe("█▁");
  });
});

describe("remainingSeconds", () => {
  it("is unknown before anything was computed, then goes by jobs of the same attack and by their own pace", () => {
    const clock = { now: 0 };
    const tracker = trackAll([planned, finished("c", "leak", 0, true)], clock);
    expect(remainingSeconds(tracker, 1, 0)).toBeNull();
    tracker.take(finished("1", "leak", 10));
    // One more dlg at 10 s, and another attack of which nothing is known: 10 s, too.
    expect(remainingSeconds(tracker, 1, 0)).toBe(20);
    expect(remainingSeconds(tracker, 2, 0)).toBe(10);
    tracker.take({ type: "started", key: "3" });
    tracker.take(progress("3", 25, 1));
    // A quarter in 30 s: 90 s to go.
    expect(remainingSeconds(tracker, 1, 30_000)).toBe(100);
    for (const key of ["2", "3"]) tracker.take(finished(key, "no leak"));
    expect(remainingSeconds(tracker, 1, 60_000)).toBe(0);
  });
});

describe("createLines", () => {
  it("writes a line when a job starts or ends, and progress now and then", () => {
    const clock = { now: 0 };
    const lines: string[] = [];
    const take = createLines(
      createTracker(() => clock.now),
      (line) => lines.push(line),
      () => clock.now,
    );
    take(planned);
    take({ type: "started", key: "1" });
    take(progress("1", 1, 3));
    clock.now = 5000;
    take(progress("1", 20, 0.00012));
    take(progress("1", 21, 0.0001));
    take(finished("1", "leak", 125));
    take(finished("2", "no leak", 0, true));
    take(finished("c", "leak", 1));
    take(finished("3", "error", 1));
    expect(lines).toEqual([
      "6 cells, 1 of them not applicable; 4 jobs",
      "[0/4] dlg × none (A, B): started",
      "[0/4] dlg × none (A, B) 20 %, loss 1.2e-4",
      "[1/4] dlg × none (A, B): leak, 2:05",
      "[2/4] dlg × top-k (A): no leak, known from before",
      "[3/4] control of dlg: leak, as a control should, 1 s",
      "[4/4] inverting-gradients × none (B): error, 1 s",
    ]);
  });
});

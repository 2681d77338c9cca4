// From what a case measured, its two controls and its budget to the status of a cell, as DESIGN.md sections 2 and 8 define the words.
import type { CellStatus, ControlJson } from "./audit-json.js";
import type { CaseResult } from "./case.js";

export interface Verdict {
  readonly status: CellStatus;
  readonly reason?: string;
}

/**
 * `leak` when an image leaked, whatever the controls say; otherwise unknown while a control failed or the time ran out; else `resisted`.
 * A defense that left the update as it was is an error, not a result.
 */
export function judgeCell(
  result: CaseResult,
  defense: string | null,
  control: ControlJson,
  ownControl: ControlJson,
): Verdict {
  if (defense && result.receipt?.identity) {
    return { status: "error", reason: `defense ${defense} returned its input unchanged: it is not on` };
  }
  if (result.images.some(({ leaked }) => leaked)) return { status: "leak" };
  if (control.status === "failed") {
    return {
      status: "unknown",
      reason: `the attack lost the case that it must win: ${control.reason ?? "control failed"}`,
    };
  }
  if (ownControl.status === "failed") {
    return {
      status: "unknown",
      reason: `not tuned for this model: ${ownControl.reason ?? "own-model control failed"}`,
    };
  }
  if (control.status === "none" || ownControl.status === "none") {
    return { status: "unknown", reason: "a control did not run" };
  }
  if (result.exhausted)
    return {
      status: "unknown",
      reason:
        "the time budget, or a limit among the attack's options, ran out before it ended by its own rule; raise budget.seconds or what its notes name",
    };
  return { status: "resisted" };
}

/** A control as it stands beside a cell. `passes` decides on the case's result. */
export function controlOf(
  result: CaseResult | Error | undefined,
  cached: boolean,
  what: string,
  bar: number,
  passes: (result: CaseResult) => boolean,
): ControlJson {
  const common = { metric: "psnr", bar, what };
  if (result === undefined) return { ...common, status: "none", measured: null, reason: "it did not run" };
  if (result instanceof Error) return { ...common, status: "failed", measured: null, reason: result.message };
  const measured = result.scores.psnr?.best ?? null;
  if (passes(result)) return { ...common, status: cached ? "cached" : "passed", measured };
  const note = result.notes.find((text) => text.includes("almost no gradient"));
  const came = measured === null ? "nothing came back" : `best image ${measured.toFixed(1)} dB`;
  return {
    ...common,
    status: "failed",
    measured,
    reason: `${what}: ${came}, bar ${bar} dB${note ? ` (${note})` : ""}`,
  };
}

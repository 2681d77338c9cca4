// The audit of a run that is not over, told by what is known of the run: a file alone cannot say whether somebody still works on it.
import type { AuditJson } from "../audit/audit-json.js";

export type RunState = "running" | "stopped" | "ended";

const reasons: Readonly<Record<RunState, string>> = {
  running: "it is still under way",
  stopped: "the run stopped before it finished; `leakscope audit --resume` goes on",
  ended: "interrupted before it finished; `leakscope audit --resume` goes on",
};

/** The same audit, with cells that had not ended told as under way or as interrupted. What runs is not called interrupted. */
export const tellUnfinished = (audit: AuditJson, state: RunState): AuditJson => ({
  ...audit,
  interrupted: audit.interrupted && state !== "running",
  cells: audit.cells.map((cell) => (cell.unfinished ? { ...cell, reason: reasons[state] } : cell)),
});

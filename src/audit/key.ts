// A case's key: a hash of everything that decides its result, the built code included. Equal keys are never computed twice.
import { createHash } from "node:crypto";
import type { CaseSpec } from "./case.js";
import type { TrainingSpec } from "./training.js";

/** 16 hexadecimal digits. Field order does not matter. */
export function caseKey(spec: CaseSpec | TrainingSpec, code: string): string {
  return createHash("sha256").update(canonical({ spec, code })).digest("hex").slice(0, 16);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, held]) => held !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, held]) => `${JSON.stringify(name)}:${canonical(held)}`)
      .join()}}`;
  }
  return JSON.stringify(value);
}

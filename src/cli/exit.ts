// What the process ends with (DESIGN.md section 8), and errors that are meant for the user's eyes.
import type { AuditJson } from "../audit/audit-json.js";
import { ConfigError } from "./config-file.js";

export const exitCodes = { good: 0, failed: 1, unknown: 2, assertion: 100, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A mistake of the caller; its message alone says what to do next. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A leak is a result, not a failure: only errors, assertions of level error, undecided cells and an interruption count. */
export function exitCodeOf({
  interrupted,
  cells,
  assertions,
}: Pick<AuditJson, "interrupted" | "cells" | "assertions">): ExitCode {
  const serious = assertions.filter(({ level }) => level === "error");
  if (interrupted) return exitCodes.interrupted;
  if (cells.some(({ status }) => status === "error")) return exitCodes.failed;
  if (serious.some(({ outcome }) => outcome === "failed")) return exitCodes.assertion;
  if (cells.some(({ status }) => status === "unknown")) return exitCodes.unknown;
  if (serious.some(({ outcome }) => outcome === "undecided")) return exitCodes.unknown;
  return exitCodes.good;
}

/** An error as one friendly text; with its stack where LEAKSCOPE_DEBUG=1. */
export function errorText(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  // These begin with the place of the problem, one a line.
  const text = error instanceof ConfigError ? message : `leakscope: ${message}`;
  if (environment.LEAKSCOPE_DEBUG === "1") return stack ?? text;
  const expected = error instanceof Error && error.constructor !== Error && error.name !== "Error";
  return expected ? text : `${text}\n(LEAKSCOPE_DEBUG=1 shows where this came from)`;
}

// audit.json as text: written only when it fulfils its schema and every number is finite, read with errors that name file and field.
import { z } from "zod";
import { type AuditJson, auditSchema, schemaVersion } from "../audit/audit-json.js";

/** An audit that cannot be written or read. The message names the file and, where there is one, the field. */
export class AuditJsonError extends Error {
  override readonly name = "AuditJsonError";
}

/** "cells[0].scores.psnr.best". */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "") || "the whole file";

/** The first number that JSON cannot hold; schemas let them pass inside options, which are free. */
function findNonFinite(value: unknown, path: readonly PropertyKey[]): readonly PropertyKey[] | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : path;
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, part] of entries) {
    const found = findNonFinite(part, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function describeIssues(error: z.ZodError): string {
  const shown = error.issues.slice(0, 3).map(({ path, message }) => `${fieldOf(path)}: ${message}`);
  const more = error.issues.length - shown.length;
  return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

/** The text of audit.json. Throws AuditJsonError where the audit breaks its schema or holds a number that is not finite. */
export function serialiseAudit(audit: AuditJson): string {
  const nonFinite = findNonFinite(audit, []);
  if (nonFinite !== undefined) {
    throw new AuditJsonError(
      `cannot write audit.json: ${fieldOf(nonFinite)} is not a finite number; an undefined figure must be null with a reason`,
    );
  }
  const checked = auditSchema.safeParse(audit);
  if (!checked.success) throw new AuditJsonError(`cannot write audit.json: ${describeIssues(checked.error)}`);
  return `${JSON.stringify(audit, null, 2)}\n`;
}

/** Reads the text of `file` as an audit. Throws AuditJsonError. Fields that this version does not know are dropped. */
export function parseAudit(text: string, file: string): AuditJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AuditJsonError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const version =
    typeof value === "object" && value !== null && "schemaVersion" in value ? value.schemaVersion : undefined;
  if (version !== undefined && version !== schemaVersion) {
    throw new AuditJsonError(
      `${file} has schemaVersion ${JSON.stringify(version)}, this leakscope reads ${schemaVersion}; use the version that wrote it`,
    );
  }
  const checked = auditSchema.safeParse(value);
  if (!checked.success) throw new AuditJsonError(`${file} is not an audit: ${describeIssues(checked.error)}`);
  return checked.data;
}

/** The JSON schema of audit.json, for other programs. */
export const auditJsonSchema = (): Readonly<Record<string, unknown>> => ({
  ...z.toJSONSchema(auditSchema),
  title: "Leakscope audit.json",
});

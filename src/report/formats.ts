// How an audit is written to a file, by the file's ending.
import type { AuditJson } from "../audit/audit-json.js";
import { renderCsv } from "./csv.js";
import { renderReport } from "./html.js";
import { serialiseAudit } from "./json.js";
import { renderJunit } from "./junit.js";
import { renderMarkdown } from "./markdown.js";

export const formats: Readonly<Record<string, (audit: AuditJson) => string>> = {
  ".json": serialiseAudit,
  ".html": renderReport,
  ".xml": renderJunit,
  ".csv": renderCsv,
  ".md": renderMarkdown,
};

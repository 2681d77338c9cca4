// The stand-alone report: one HTML file made from audit.json alone. No script, no address outside the file; the policy in its head
// forbids both, so that hostile text in an audit can do nothing even if escaping failed.
import { createHash } from "node:crypto";
import { type AuditJson, type CellJson, type CellStatus, cellStatuses, type FindingJson } from "../audit/audit-json.js";
import { cellDetail } from "./cell.js";
import { type Html, html, textOf, trusted } from "./escape.js";
import { firstScreen } from "./first-screen.js";
import { type CellGroup, groupCells } from "./groups.js";
import { overview } from "./overview.js";
import { reading } from "./reading.js";
import { styleSheet } from "./style.js";
import { judge } from "./verdict.js";
import { vulnerability } from "./vulnerability.js";
import { severities, statuses, threatOf } from "./words.js";

/**
 * Renders an audit as one HTML file that works from disk.
 *
 * Every string of the audit becomes text. Pictures other than PNG data URIs are refused in place; with `originals: "omit"` no original
 * is written even if the audit holds one.
 */
export function renderReport(audit: AuditJson): string {
  const verdict = judge(audit);
  const groups = groupCells(audit.cells);
  const hash = createHash("sha256").update(styleSheet).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Leakscope: ${verdict.sentence}</title>
<style>${trusted(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the result</a>
<header class="top"><span class="brand">Leakscope</span>
<nav aria-label="Sections"><a href="#overview">Overview</a><a href="#findings">Findings</a><a href="#cells">Details</a><a href="#reading">How to read this</a></nav></header>
<main>
${firstScreen(audit, verdict)}
${overview(audit, groups)}
${findings(audit.findings)}
${vulnerability(audit)}
${details(audit, groups, verdict.exhibit?.cell)}
${reading(audit)}
</main>
</body>
</html>
`);
}

function findings(found: readonly FindingJson[]): Html {
  const ordered = [...found].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  return html`<section id="findings" aria-labelledby="findings-title">
<h2 id="findings-title">Findings</h2>
${ordered.length === 0 && html`<p class="muted">This audit has no findings.</p>`}
<ol class="findings">${ordered.map(finding)}</ol>
</section>`;
}

const finding = ({ severity, threat, title, text, advice }: FindingJson): Html => html`<li class="finding ${severity}">
<p><span class="tag ${severity}">${severity}</span> <span class="muted">${threat === "*" ? "whole audit" : `adversary ${threat}, ${threatOf(threat)?.title ?? "not known"}`}</span></p>
<h3>${title}</h3>
<p>${text}</p>
${advice !== "" && html`<p class="do"><strong>What to do:</strong> ${advice}</p>`}
</li>`;

/** More computations than this fold away, all but the one that the first screen shows. */
const MOST_OPEN = 12;

/** Details with a filter by status. Radio buttons and the style sheet do it, so that the report needs no script. */
function details(audit: AuditJson, groups: readonly CellGroup[], shown: CellJson | undefined): Html {
  const present = cellStatuses.filter((status) => groups.some(({ cell }) => cell.status === status));
  const choice = (status: CellStatus | "all", words: string) =>
    html`<label><input type="radio" name="filter" id="only-${status}"${status === "all" && html` checked`}><span>${words}</span></label>`;
  return html`<section id="cells" aria-labelledby="cells-title">
<h2 id="cells-title">Details</h2>
<fieldset class="filter"><legend>Show</legend>${choice("all", `all ${groups.length}`)}${present.map((status) =>
    choice(
      status,
      `${statuses[status].glyph} ${statuses[status].word} ${groups.filter(({ cell }) => cell.status === status).length}`,
    ),
  )}</fieldset>
${groups.map((group) => cellDetail(group, audit, groups.length > MOST_OPEN && (shown === undefined || !group.cells.includes(shown))))}
</section>`;
}

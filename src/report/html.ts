// The stand-alone report: one HTML file made from audit.json alone. The web page's script and style stand in it, and the audit as data; the
// policy in its head lets nothing else run and nothing load, so that hostile text in an audit can do nothing.
import { createHash } from "node:crypto";
import type { AuditJson } from "../audit/audit-json.js";
import { howSure } from "./certainty.js";
import { type Html, html, textOf, trusted } from "./escape.js";
import { packAudit } from "./packed-audit.js";
import { judge } from "./verdict.js";
import { withholdPictures } from "./visible-pictures.js";
import { loadWebPage } from "./web-page.js";
import { severities, statuses, threatOf } from "./words.js";

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The audit as JSON that cannot end the element it stands in. */
const embed = (audit: AuditJson): Html =>
  trusted(JSON.stringify(packAudit(withholdPictures(audit))).replaceAll("<", "\\u003c"));

/**
 * Renders an audit as one HTML file that works from disk. Throws WebPageError where the page was not built.
 *
 * Every string of the audit becomes text. Pictures other than PNG data URIs are left out; with `originals: "omit"` no original is
 * written even if the audit holds one.
 */
export function renderReport(audit: AuditJson): string {
  const { script, style } = loadWebPage();
  const verdict = judge(audit);
  const policy = `default-src 'none'; script-src ${hashOf(script.text)}; style-src ${hashOf(style.text)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Leakscope: ${verdict.sentence}</title>
<style>${trusted(style.text)}</style>
</head>
<body>
<noscript><main>${withoutScript(audit)}</main></noscript>
<script type="application/json" id="audit">${embed(audit)}</script>
<script>${trusted(script.text)}</script>
</body>
</html>
`);
}

/** The headline and the findings, for readers whose browser runs no script. */
function withoutScript(audit: AuditJson): Html {
  const { tone, sentence, detail } = judge(audit);
  const ordered = [...audit.findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  return html`<p>Leakscope: ${statuses[tone].word}</p>
<h1>${sentence}</h1>
<p>${detail}</p>
${audit.interrupted && html`<p>The audit was stopped before all combinations had run. What is missing counts as unknown.</p>`}
<h2>Findings</h2>
<ol>${ordered.map(
    (finding) => html`<li><h3>${finding.severity}: ${finding.title}</h3>
<p>${finding.threat === "*" ? "Whole audit." : `Adversary ${finding.threat}, ${threatOf(finding.threat)?.who ?? "not known to this version"}.`} ${finding.text}</p>
<p>${howSure(finding, audit.cells).join(" ")}</p>
<p>${finding.advice}</p></li>`,
  )}</ol>
<p>Pictures, figures and settings need JavaScript; all of them are in audit.json, too.</p>`;
}

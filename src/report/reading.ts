// How to read the report: exact definitions, what a result does not mean, limits of the metrics, responsible use, credits and provenance.
import { type AuditJson, cellStatuses } from "../audit/audit-json.js";
import { capabilities } from "../threat/capabilities.js";
import { type Html, html } from "./escape.js";
import { formatSeconds, wordsOf } from "./figures.js";
import { threatsOf } from "./groups.js";
import { capitalise, originalsPolicy, reconstructionWarning, statuses, threatOf } from "./words.js";

export function reading(audit: AuditJson): Html {
  const metrics = [...new Set(audit.cells.flatMap((cell) => Object.keys(cell.scores)))];
  const limited = metrics.map(wordsOf).filter(({ limit }) => limit !== undefined);
  return html`<section id="reading" aria-labelledby="reading-title">
<h2 id="reading-title">How to read this</h2>
<h3>What the words mean</h3>
<dl class="terms wide">${cellStatuses.map((status) => html`<div><dt><span class="tag ${status}">${statuses[status].glyph} ${statuses[status].word}</span></dt><dd>${statuses[status].meaning}</dd></div>`)}
<div><dt>score</dt><dd>Of an adversary: 1 minus the share of pictures that the worst cell identified. 1 means none, 0 all.</dd></div>
<div><dt>floor</dt><dd>The best guess made without any update, measured in the same way. What does not beat it recovered nothing.</dd></div>
<div><dt>control</dt><dd>A case that the attack must win, and the easiest case on the audited model. If one fails, a poor result says something about the attack, not about the data, and the cell is unknown.</dd></div>
<div><dt>◦ labels known</dt><dd>The attack was given the true labels. That makes it easier; figures with this mark do not compare with those without.</dd></div></dl>
<h3>What a result does not mean</h3>
<ul>
<li>Resisted is not a proof. It covers these attacks, settings, pictures and seeds. A better attack, more time or an adversary who adapts to the defense may succeed.</li>
<li>A leak here was measured in the setting that is printed. Larger batches, more local steps or a trained model change it, in either direction.</li>
<li>Small differences between cells are not a ranking: few pictures and one seed carry little.</li>
</ul>
${limited.length > 0 && html`<h3>What the metrics do not see</h3><dl class="terms wide">${limited.map(({ name, limit }) => html`<div><dt>${name}</dt><dd>${limit}</dd></div>`)}</dl>`}
<h3>The adversaries</h3>
<dl class="terms wide">${threatsOf(audit).map(adversary)}</dl>
<p class="muted">What each capability hands over is this tool's reading: ${Object.values(capabilities).map(({ title, hands }, i) => html`${i > 0 && "; "}<em>${title}</em>: ${hands}`)}.</p>
<h3>Responsible use</h3>
<p>Leakscope is for auditing federations that you run or are asked to audit. ${originalsPolicy[audit.originals].text} ${reconstructionWarning}</p>
${audit.credits.length > 0 && html`<h3>Credits</h3><ul>${audit.credits.map((credit) => html`<li>${credit}</li>`)}</ul>`}
<h3>Where the figures come from</h3>
${provenance(audit)}
</section>`;
}

function adversary(letter: string): Html {
  const threat = threatOf(letter);
  return html`<div><dt>${letter} ${threat?.title}</dt><dd>${threat ? `${capitalise(threat.who)}. Realism ${threat.realism.stars} of 4, source: ${threat.realism.source}.` : "Not known to this version."}</dd></div>`;
}

const provenance = ({
  tool,
  machine,
  startedAt,
  seconds,
  config,
  schemaVersion,
}: AuditJson): Html => html`<dl class="terms">
<div><dt>Tool</dt><dd>${tool.name} ${tool.version}, code <code>${tool.code}</code>, format ${schemaVersion}</dd></div>
<div><dt>Machine</dt><dd>${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}, ${machine.runtime}, backend ${machine.backend}</dd></div>
<div><dt>Run</dt><dd>started <time datetime="${startedAt}">${startedAt}</time>, took ${formatSeconds(seconds)}</dd></div>
</dl>
<details><summary>Configuration as resolved</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>`;

// The overview: adversaries in rows, attacks and defenses in columns. A cell says its status in colour, shape and word, and its best
// PSNR beside the floor's. Unknown and error are grey.
import { type AuditJson, type CellJson, cellStatuses } from "../audit/audit-json.js";
import { capabilities } from "../threat/capabilities.js";
import { type Html, html } from "./escape.js";
import { besideFloor, formatFigure, formatNumber, stars } from "./figures.js";
import { type CellGroup, type Column, columnsOf, threatsOf } from "./groups.js";
import { knownLabelsMark, statuses, threatOf } from "./words.js";

export function overview(audit: AuditJson, groups: readonly CellGroup[]): Html {
  const columns = columnsOf(audit.cells);
  const attacks = columns.filter(({ cell }, i) => i === 0 || columns[i - 1]!.cell.attack !== cell.attack);
  const width = (attack: string) => columns.filter(({ cell }) => cell.attack === attack).length;
  const anchors = new Map(groups.flatMap((group) => group.cells.map((cell) => [cell, group.id] as const)));
  return html`<section id="overview" aria-labelledby="overview-title">
<h2 id="overview-title">Overview</h2>
<p class="lead">Each row is an adversary, each column an attack against a defense. Weak adversaries come first: a leak in the top row is the worst news.</p>
${legend()}
<div class="scroll" role="region" aria-labelledby="overview-title" tabindex="0"><table class="matrix">
<caption class="unseen">Status by adversary, attack and defense</caption>
<thead>
<tr><th scope="col" rowspan="2">Adversary</th>${attacks.map(({ cell }) => html`<th scope="colgroup" colspan="${width(cell.attack)}">${cell.attackTitle}</th>`)}</tr>
<tr>${columns.map(columnHead)}</tr>
</thead>
<tbody>${threatsOf(audit).map((letter) => row(letter, audit, columns, anchors))}</tbody>
</table></div>
</section>`;
}

const legend = (): Html =>
  html`<ul class="legend">${cellStatuses.map((status) => html`<li><span class="tag ${status}">${statuses[status].glyph} ${statuses[status].word}</span></li>`)}<li class="muted">Figures: best PSNR of the attack, then of a guess made without the update (floor). Stars: how realistic the adversary is, out of four.</li></ul>`;

const columnHead = ({ cell, distinction }: Column): Html =>
  html`<th scope="col">${cell.defense === "none" ? "no defense" : cell.defenseTitle}${cell.adaptive && html`<br><small>attacker knows it</small>`}${distinction && html`<br><small>${distinction}</small>`}</th>`;

function row(
  letter: string,
  audit: AuditJson,
  columns: readonly Column[],
  anchors: ReadonlyMap<CellJson, string>,
): Html {
  const threat = threatOf(letter);
  const summary = Object.hasOwn(audit.summary, letter) ? audit.summary[letter] : undefined;
  const held = threat?.capabilities.map((capability) => capabilities[capability].title.toLowerCase()).join(", ");
  const score = summary && `score ${summary.score === null ? "undecided" : `${formatNumber(summary.score)} of 1`}`;
  return html`<tr><th scope="row"><span class="letter">${letter}</span> ${threat?.title ?? summary?.title}
${threat && html`<span class="stars" role="img" aria-label="realism ${threat.realism.stars} of 4">${stars(threat.realism.stars)}</span>`}
<small>${held && `has: ${held}`}</small>${score && html`<small>${score}</small>`}</th>
${columns.map((column) => {
  const cells = audit.cells.filter((cell) => cell.threat === letter && column.holds(cell));
  if (cells.length === 0) return html`<td class="empty"><span class="muted">not run</span></td>`;
  return html`<td>${cells.map((cell) => entry(cell, anchors.get(cell), cells.length > 1))}</td>`;
})}</tr>`;
}

function entry(cell: CellJson, anchor: string | undefined, oneOfSeveral: boolean): Html {
  const { glyph, word } = statuses[cell.status];
  const { best, floor } = besideFloor(cell, "psnr");
  const figures =
    best !== null &&
    html`<span class="best">${formatFigure("psnr", best)}</span><span class="floor">floor ${floor === null ? "none" : formatFigure("psnr", floor)}</span>`;
  return html`<a class="entry ${cell.status}" href="#${anchor}"><span class="word">${glyph} ${word}</span>${figures}${
    best !== null && cell.recipe.labels === "known" && html`<span class="floor">${knownLabelsMark}</span>`
  }${oneOfSeveral && html`<span class="floor">seed ${cell.case.seed}</span>`}</a>`;
}

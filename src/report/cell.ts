// One computation in detail: pictures, figures beside floor and controls, loss curve, defense, and the recipe that repeats it.
import type { AuditJson, CellJson } from "../audit/audit-json.js";
import { lossChart } from "./chart.js";
import { type Fragment, type Html, html } from "./escape.js";
import { formatBytes, formatFigure, formatNumber, formatSeconds } from "./figures.js";
import { type CellGroup, describeOptions } from "./groups.js";
import { pictureList } from "./pictures.js";
import { controls, scoreTable } from "./scores.js";
import { knownLabelsMark, statuses } from "./words.js";

/** The article of a computation. The overview links into its body, so that a folded one opens when it is followed. */
export function cellDetail(group: CellGroup, audit: AuditJson, folded: boolean): Html {
  const { cell, id } = group;
  const { glyph, word } = statuses[cell.status];
  return html`<article class="cell ${cell.status}" aria-labelledby="${id}-title">
<header><span class="tag ${cell.status}">${glyph} ${word}</span>
<h3 id="${id}-title">${cell.attackTitle} <span class="muted">against</span> ${cell.defense === "none" ? "no defense" : cell.defenseTitle}</h3>
<p class="muted">${observers(group)}. Seed ${cell.case.seed}.${cell.adaptive && " The attacker knows the defense."}${cell.budget.exhausted && " The budget ran out."}${cell.recipe.labels === "known" && html` <strong class="assumption">${knownLabelsMark}</strong>`}</p></header>
${cell.reason && html`<p class="reason"><strong>Why ${word}:</strong> ${cell.reason}</p>`}
${folded && isComputed(cell) ? html`<details><summary>Pictures and figures</summary>${body(group, audit)}</details>` : body(group, audit)}
</article>`;
}

const isComputed = ({ scores, images }: CellJson): boolean => Object.keys(scores).length > 0 || images.length > 0;

function body(group: CellGroup, audit: AuditJson): Html {
  const { cell, id } = group;
  return html`<div class="body" id="${id}">
${cell.images.length > 0 && pictureList(cell, audit.originals)}
${isComputed(cell) && html`<div class="columns"><div>${scoreTable(cell)}${controls(cell)}</div><div>${lossChart(cell.curve)}${besides(cell)}</div></div>`}
${!isComputed(cell) && cell.status !== "not-applicable" && controls(cell)}
${cell.notes.length > 0 && html`<ul class="notes">${cell.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${cell.status !== "not-applicable" && recipe(group)}
</div>`;
}

function observers({ threats }: CellGroup): string {
  const [weakest, ...stronger] = threats;
  if (stronger.length === 0) return `Adversary ${weakest}`;
  return `Adversary ${weakest}; ${stronger.join(", ")}: same observation as under ${weakest}, same result`;
}

const term = (name: string, value: Fragment): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** What came back besides pictures, and what the defense cost. */
function besides({ labels, utility }: CellJson): Html | false {
  if (labels === undefined && utility === undefined) return false;
  const share = (value: number | null) => (value === null ? "undefined" : `${formatNumber(100 * value)} %`);
  return html`<dl class="terms">
${labels && term("Labels recovered", `${share(labels.accuracy)} with ${labels.method}`)}
${
  utility && [
    term("Accuracy with the defense", `${share(utility.accuracyWith)}, without ${share(utility.accuracyWithout)}`),
    term(
      "Change of the update",
      `distortion ${utility.distortion === null ? "undefined" : formatNumber(utility.distortion)}, cosine ${utility.cosine === null ? "undefined" : formatNumber(utility.cosine)}`,
    ),
    term("Bytes per upload", `${formatBytes(utility.bytes)}, without ${formatBytes(utility.bytesWithout)}`),
    term("Time per upload", formatSeconds(utility.seconds)),
  ]
}
</dl>`;
}

/** Everything that it takes to compute the cell again. */
function recipe({ cell, cells }: CellGroup): Html {
  const { recipe: made, budget } = cell;
  const options = (values: Readonly<Record<string, unknown>>) => describeOptions(values) || "none";
  const gallery =
    made.gallerySize > 0
      ? `${made.gallerySize} pictures in ${made.galleryClasses} classes; a random pick hits with chance ${formatFigure("iip", 1 / made.gallerySize)}`
      : "none";
  return html`<details class="recipe"><summary>Settings of this cell</summary><dl class="terms">
${term("Handed over to the attack", made.handed.join(", ") || "nothing")}
${term("Labels", made.labels === "known" ? "known to the adversary (assumed, ◦)" : "recovered by the attack")}
${term(`Attack ${cell.attack}`, options(made.attackOptions))}
${made.setting && term("Setting of this attack", describeOptions(made.setting))}
${term(`Defense ${cell.defense}`, options(made.defenseOptions))}
${term("Seed", cell.case.seed)}
${term("Backend", made.backend)}
${term("Gallery", gallery)}
${term("Budget", `${formatSeconds(budget.seconds)} and ${budget.iterations} iterations used; ${budget.exhausted ? "the budget ran out" : "ended by itself"}`)}
${term(
  cells.length > 1 ? "Keys" : "Key",
  cells.map(({ key, threat }) => html`<code>${cells.length > 1 && `${threat}: `}${key}</code> `),
)}
</dl></details>`;
}

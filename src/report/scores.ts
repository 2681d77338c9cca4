// Every metric of a cell with its variant and direction, the floor beside it and both controls below: no score stands alone.
import type { CellJson, ControlJson, ScoreJson } from "../audit/audit-json.js";
import { type Html, html } from "./escape.js";
import { formatControl, formatFigure, scoreOf, wordsOf } from "./figures.js";
import { knownLabelsMark } from "./words.js";

/** Table of metrics: best and mean of the attack, beside those of the best guess made without the update. */
export function scoreTable(cell: CellJson): Html {
  const metrics = [...new Set([...Object.keys(cell.scores), ...Object.keys(cell.floor)])];
  if (metrics.length === 0) return html`<p class="muted">No figures were computed.</p>`;
  const known = cell.recipe.labels === "known" && html` <span class="assumption">${knownLabelsMark}</span>`;
  return html`<div class="scroll" role="region" aria-label="Figures" tabindex="0"><table class="figures-table">
<caption>Figures${known}</caption>
<thead><tr><th scope="col">Metric</th><th scope="col">Best</th><th scope="col">Mean</th><th scope="col">Floor, best</th><th scope="col">Floor, mean</th></tr></thead>
<tbody>${metrics.map((metric) => metricRow(metric, scoreOf(cell.scores, metric), scoreOf(cell.floor, metric)))}</tbody>
</table></div>`;
}

function metricRow(metric: string, score: ScoreJson | undefined, floor: ScoreJson | undefined): Html {
  const either = score ?? floor;
  const reasons = [
    ...new Set([...(score?.reasons ?? []), ...(floor?.reasons ?? []).map((reason) => `floor: ${reason}`)]),
  ];
  const remarks = [
    score?.exact ? `${score.exact} exact` : "",
    score?.note ?? "",
    reasons.length > 0 ? `undefined where: ${reasons.join("; ")}` : "",
  ].filter((remark) => remark !== "");
  const figure = (shown: ScoreJson | undefined, which: "best" | "mean") =>
    html`<td>${shown === undefined ? "not measured" : formatFigure(metric, shown[which])}</td>`;
  return html`<tr><th scope="row">${wordsOf(metric).name} <code>${either?.variant}</code><small>${either?.moreLeakage === "higher" ? "↑ higher" : "↓ lower"} is more leakage</small>${remarks.map((remark) => html`<small>${remark}</small>`)}</th>
${figure(score, "best")}${figure(score, "mean")}${figure(floor, "best")}${figure(floor, "mean")}</tr>`;
}

/** Both positive controls, each with what was run, what was measured and what was needed. */
export const controls = (cell: CellJson): Html => html`<dl class="controls">
${control("Control: a case that this attack must win", cell.control)}
${control("Control on the audited model: batch 1, no defense, labels known", cell.ownControl)}
</dl>`;

function control(title: string, shown: ControlJson): Html {
  const good = shown.status === "passed" || shown.status === "cached";
  return html`<div><dt>${title}</dt><dd><span class="control ${good ? "good" : "open"}">${good ? "✓" : "?"}</span> ${formatControl(shown)}
<small>${shown.what}</small>${shown.reason && html`<small>${shown.reason}</small>`}</dd></div>`;
}

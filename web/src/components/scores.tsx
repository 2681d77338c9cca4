// Every metric of a cell with its variant and direction, the floor beside it and both controls below: no score stands alone.
import type { CellJson, ControlJson, ScoreJson } from "../../../src/audit/audit-json.js";
import { formatControl, formatFigure, scoreOf, wordsOf } from "../../../src/report/figures.js";
import { knownLabelsMark } from "../../../src/report/words.js";
import { Scroll, Term } from "./text.js";

/** Best and mean of the attack, beside those of the best guess made without the update. */
export function ScoreTable({ cell }: { cell: CellJson }) {
  const metrics = [...new Set([...Object.keys(cell.scores), ...Object.keys(cell.floor)])];
  if (metrics.length === 0) return <p class="muted">No figures were computed.</p>;
  return (
    <Scroll label="Figures">
      <table class="figures-table">
        <caption>Figures {cell.recipe.labels === "known" && <span class="assumption">{knownLabelsMark}</span>}</caption>
        <thead>
          <tr>
            {["Metric", "Best", "Mean", "Floor, best", "Floor, mean"].map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <MetricRow
              key={metric}
              metric={metric}
              score={scoreOf(cell.scores, metric)}
              floor={scoreOf(cell.floor, metric)}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface MetricProps {
  readonly metric: string;
  readonly score: ScoreJson | undefined;
  readonly floor: ScoreJson | undefined;
}

function MetricRow({ metric, score, floor }: MetricProps) {
  const either = score ?? floor;
  const reasons = new Set([...(score?.reasons ?? []), ...(floor?.reasons ?? []).map((reason) => `floor: ${reason}`)]);
  const remarks = [
    score?.exact ? `${score.exact} exact` : "",
    score?.note ?? "",
    reasons.size > 0 ? `undefined where: ${[...reasons].join("; ")}` : "",
  ].filter((remark) => remark !== "");
  const figure = (shown: ScoreJson | undefined, which: "best" | "mean") => (
    <td>{shown === undefined ? "not measured" : formatFigure(metric, shown[which])}</td>
  );
  return (
    <tr>
      <th scope="row">
        {wordsOf(metric).name} <code>{either?.variant}</code>
        <small>{either?.moreLeakage === "higher" ? "↑ higher" : "↓ lower"} is more leakage</small>
        {remarks.map((remark) => (
          <small key={remark}>{remark}</small>
        ))}
      </th>
      {figure(score, "best")}
      {figure(score, "mean")}
      {figure(floor, "best")}
      {figure(floor, "mean")}
    </tr>
  );
}

/** Both positive controls, each with what was run, what was measured and what was needed. */
export const Controls = ({ cell }: { cell: CellJson }) => (
  <dl class="controls">
    <Control title="Control: a case that this attack must win" shown={cell.control} />
    <Control title="Control on the audited model: batch 1, no defense, labels known" shown={cell.ownControl} />
  </dl>
);

function Control({ title, shown }: { title: string; shown: ControlJson }) {
  const good = shown.status === "passed" || shown.status === "cached";
  return (
    <Term name={title}>
      <span class={`control ${good ? "good" : "open"}`}>{good ? "✓" : "?"}</span> {formatControl(shown)}
      <small>{shown.what}</small>
      {shown.reason && <small>{shown.reason}</small>}
    </Term>
  );
}

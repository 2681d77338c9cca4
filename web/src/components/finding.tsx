// One finding: what came back, for whom, how sure that is, and what to do.
import type { CellJson, FindingJson } from "../../../src/audit/audit-json.js";
import { howSure } from "../../../src/report/certainty.js";
import { linesOfParts } from "../../../src/report/frameworks.js";
import { threatOf } from "../../../src/report/words.js";
import { hashOf } from "../route.js";
import { SeverityTag, Term } from "./text.js";

export function Finding({ finding, cells }: { finding: FindingJson; cells: readonly CellJson[] }) {
  const { severity, threat, title, text, advice, remedies = [] } = finding;
  const sure = howSure(finding, cells);
  return (
    <li class={`finding ${severity}`}>
      <p>
        <SeverityTag severity={severity} />{" "}
        <span class="muted">
          {threat === "*"
            ? "whole audit"
            : `adversary ${threat}, ${threatOf(threat)?.who ?? "not known to this version"}`}
        </span>
      </p>
      <h3>{title}</h3>
      <p>{text}</p>
      {sure.length > 0 && (
        <p class="sure">
          <strong>How sure:</strong> {sure.join(" ")}
        </p>
      )}
      {advice !== "" && (
        <p class="do">
          <strong>What to do:</strong> {advice}{" "}
          {severity === "high" && <a href={hashOf("defenses", undefined, { threat })}>Compare the defenses</a>}
        </p>
      )}
      {remedies.length > 0 && (
        <details class="remedies">
          <summary>How, in your framework</summary>
          <dl class="terms wide">
            {remedies.map((remedy) => (
              <Term key={remedy.defense} name={remedy.title}>
                {linesOfParts(remedy.inFrameworks).map(([framework, part]) => (
                  <small key={framework}>
                    <strong>{framework}:</strong> {part}
                  </small>
                ))}
              </Term>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

// How to read the report: exact definitions, what a result does not mean, limits of the metrics, responsible use and credits.
import type { AuditJson, CellStatus } from "../../../src/audit/audit-json.js";
import { wordsOf } from "../../../src/report/figures.js";
import { threatsOf } from "../../../src/report/groups.js";
import { capitalise, originalsPolicy, reconstructionWarning, statuses, threatOf } from "../../../src/report/words.js";
import { capabilities } from "../../../src/threat/capabilities.js";
import { Stars, StatusTag, Term } from "../components/text.js";

export function Reading({ audit }: { audit: AuditJson }) {
  const metrics = [...new Set(audit.cells.flatMap((cell) => Object.keys(cell.scores)))];
  const limited = metrics.map(wordsOf).filter(({ limit }) => limit !== undefined);
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        How to read this
      </h1>
      <h2>What the words mean</h2>
      <dl class="terms wide">
        {(Object.keys(statuses) as CellStatus[]).map((status) => (
          <Term key={status} name={<StatusTag status={status} />}>
            {statuses[status].meaning}
          </Term>
        ))}
        <Term name="score">
          Of an adversary: 1 minus the share of pictures that the worst cell identified. 1 means none, 0 all.
        </Term>
        <Term name="floor">
          The best guess made without any update, measured in the same way. What does not beat it recovered nothing.
        </Term>
        <Term name="control">
          A case that the attack must win, and the easiest case on the audited model. If one fails, a poor result says
          something about the attack, not about the data, and the cell is unknown.
        </Term>
        <Term name="◦ labels known">
          The attack was given the true labels. That makes it easier; figures with this mark do not compare with those
          without.
        </Term>
        <Term name="adaptive">
          The attacker knows the defense and imitates it. A defense is judged by that attacker, too.
        </Term>
      </dl>
      <h2>What a result does not mean</h2>
      <ul>
        <li>
          Resisted is not a proof. It covers these attacks, settings, pictures and seeds. A better attack, more time or
          an adversary who adapts to the defense may succeed.
        </li>
        <li>
          A leak here was measured in the setting that is printed. Larger batches, more local steps or a trained model
          change it, in either direction.
        </li>
        <li>Small differences between cells are not a ranking: few pictures and one seed carry little.</li>
      </ul>
      {limited.length > 0 && (
        <>
          <h2>What the metrics do not see</h2>
          <dl class="terms wide">
            {limited.map(({ name, limit }) => (
              <Term key={name} name={name}>
                {limit}
              </Term>
            ))}
          </dl>
        </>
      )}
      <h2>The adversaries</h2>
      <dl class="terms wide">
        {threatsOf(audit).map((letter) => {
          const threat = threatOf(letter);
          return (
            <Term key={letter} name={`${letter} ${threat?.title ?? ""}`}>
              {threat
                ? `${capitalise(threat.who)}. Realism ${threat.realism.stars} of 4, source: ${threat.realism.source}. `
                : "Not known to this version."}
              <Stars letter={letter} />
            </Term>
          );
        })}
      </dl>
      <p class="muted">
        What each capability hands over is this tool's reading:{" "}
        {Object.values(capabilities).map(({ title, hands }, i) => (
          <span key={title}>
            {i > 0 && "; "}
            <em>{title}</em>: {hands}
          </span>
        ))}
        .
      </p>
      <h2>Responsible use</h2>
      <p>
        Leakscope is for auditing federations that you run or are asked to audit.{" "}
        {originalsPolicy[audit.originals].text} {reconstructionWarning}
      </p>
      {audit.credits.length > 0 && (
        <>
          <h2>Credits</h2>
          <ul>
            {audit.credits.map((credit) => (
              <li key={credit}>{credit}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

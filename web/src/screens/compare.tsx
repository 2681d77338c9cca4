// Two audits: drop a second audit.json, and see what changed. The file stays in the page.
import { useSignal } from "@preact/signals";
import type { AuditJson, CellJson } from "../../../src/audit/audit-json.js";
import { type Change, pairCells, settingDifferences } from "../../../src/report/differences.js";
import { formatFigure, scoreOf } from "../../../src/report/figures.js";
import { parseAudit } from "../../../src/report/json.js";
import { judge } from "../../../src/report/verdict.js";
import { withholdPictures } from "../../../src/report/visible-pictures.js";
import { FilePicker } from "../components/file-picker.js";
import { Letter, Scroll, StatusTag } from "../components/text.js";
import { VirtualGrid } from "../components/virtual-grid.js";
import { other } from "../state.js";

export function Compare({ audit }: { audit: AuditJson }) {
  const problem = useSignal("");
  const read = async (file: File) => {
    try {
      other.value = { name: file.name, audit: withholdPictures(parseAudit(await file.text(), file.name)) };
      problem.value = "";
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Compare with another audit
      </h1>
      <p class="lead">
        Choose or drop the <code>audit.json</code> of another run, for example one without a defense or of last week. It
        is read here and sent nowhere.
      </p>
      <FilePicker label="audit.json of the other run" onFile={read} />
      {problem.value !== "" && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      {other.value && <Differences before={other.value.audit} after={audit} name={other.value.name} />}
    </>
  );
}

const words: Readonly<Record<Change, string>> = {
  "leaks more": "● leaks more now",
  "leaks less": "○ leaks less now",
  same: "= same",
  undecided: "? undecided",
  "only before": "only in the other",
  "only after": "only in this one",
};

function Differences({ before, after, name }: { before: AuditJson; after: AuditJson; name: string }) {
  const pairs = pairCells(before.cells, after.cells);
  const settings = settingDifferences(before, after);
  const tally = (change: Change) => pairs.filter((pair) => pair.change === change).length;
  return (
    <>
      <section aria-labelledby="headlines">
        <h2 id="headlines">{`${name} before, this audit after`}</h2>
        <dl class="terms wide">
          <div>
            <dt>Before</dt>
            <dd>{judge(before).sentence}</dd>
          </div>
          <div>
            <dt>After</dt>
            <dd>{judge(after).sentence}</dd>
          </div>
        </dl>
        <p role="status">
          {`Cells: ${(Object.keys(words) as Change[])
            .filter((change) => tally(change) > 0)
            .map((change) => `${tally(change)} ${words[change].replace(/^[^a-z] /, "")}`)
            .join(", ")}`}
        </p>
      </section>
      <section aria-labelledby="setting-differences">
        <h2 id="setting-differences">What differs in the settings</h2>
        {settings.length === 0 ? (
          <p>Nothing: both ran with the same settings and the same build.</p>
        ) : (
          <Scroll label="Settings that differ">
            <table class="board">
              <thead>
                <tr>
                  <th scope="col">Field</th>
                  <th scope="col">Before</th>
                  <th scope="col">After</th>
                </tr>
              </thead>
              <tbody>
                {settings.map((difference) => (
                  <tr key={difference.field}>
                    <th scope="row">{difference.field}</th>
                    <td>{difference.before}</td>
                    <td>{difference.after}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </section>
      <section aria-labelledby="cell-differences">
        <h2 id="cell-differences">Cells</h2>
        <VirtualGrid
          label="Cells"
          items={pairs.map((pair, i) => ({ ...pair, id: String(i) }))}
          minWidth={4000}
          height={() => (innerWidth < 700 ? 118 : 62)}
          keyOf={({ id }) => id}
        >
          {({ before: old, after: fresh, change }) => (
            <div class={`pair ${change === "leaks more" ? "leak" : change === "leaks less" ? "resisted" : ""}`}>
              <span>
                <Letter letter={(fresh ?? old!).threat} /> {(fresh ?? old!).attackTitle},{" "}
                {(fresh ?? old!).defense === "none" ? "no defense" : (fresh ?? old!).defenseTitle}
                {(fresh ?? old!).adaptive && " (known)"}
              </span>
              <Side cell={old} />
              <Side cell={fresh} />
              <strong>{words[change]}</strong>
            </div>
          )}
        </VirtualGrid>
      </section>
    </>
  );
}

function Side({ cell }: { cell: CellJson | undefined }) {
  if (!cell) return <span class="muted">not run</span>;
  const best = scoreOf(cell.scores, "psnr")?.best ?? null;
  return (
    <span>
      <StatusTag status={cell.status} /> {best !== null && formatFigure("psnr", best)}
    </span>
  );
}

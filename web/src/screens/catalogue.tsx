// Every row of the systematisation with what this build has of it: whether it runs, and on what evidence.

import { count } from "../../../src/report/words.js";
import { type CatalogueRow, catalogue, type ProofRow } from "../catalogue.js";
import { Choice, Letter } from "../components/text.js";
import { hashOf, route, setQuery } from "../route.js";

const kinds = { attack: "attacks", defense: "defenses", metric: "metrics" } as const;

const matches = (row: CatalogueRow, words: string): boolean =>
  `${row.id} ${row.title} ${row.group} ${row.paper?.text ?? ""}`.toLowerCase().includes(words.toLowerCase());

export function Catalogue() {
  const { subject, query } = route.value;
  const chosen = catalogue.filter(({ id }) => id === subject);
  return chosen.length > 0 ? <RowPage rows={chosen} /> : <RowList {...query} />;
}

/** One method by itself, so that others can point at it. */
const RowPage = ({ rows }: { rows: readonly CatalogueRow[] }) => (
  <>
    <p class="over">
      <a href={hashOf("catalogue")}>The whole catalogue</a>
    </p>
    <h1 id="title" tabIndex={-1}>
      {rows[0]!.title}
    </h1>
    <ul class="rows">
      {rows.map((row) => (
        <Row key={row.kind} row={row} alone />
      ))}
    </ul>
  </>
);

function RowList({ kind, state, words = "" }: Readonly<Record<string, string>>) {
  const rows = catalogue.filter(
    (row) =>
      (!kind || row.kind === kind) &&
      (!state || row.built === (state === "built")) &&
      (words === "" || matches(row, words)),
  );
  const seed = catalogue.filter((row) => row.listed && row.kind === "attack");
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        What this tool can play, and on what evidence
      </h1>
      <p class="lead">
        {`The rows of the USENIX Security 2025 systematisation, and what this build has besides. ${
          seed.filter(({ built }) => built).length
        } of its ${seed.length} attacks run. What is not built is listed as such.`}
      </p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Kind"
          value={kind ?? ""}
          values={[["", "all"], ...Object.entries(kinds)]}
          onChange={(value) => setQuery({ kind: value })}
        />
        <Choice
          label="State"
          value={state ?? ""}
          values={[
            ["", "all"],
            ["built", "runs"],
            ["open", "not built"],
          ]}
          onChange={(value) => setQuery({ state: value })}
        />
        <label class="choice">
          <span>Search</span>
          <input type="search" value={words} onInput={(event) => setQuery({ words: event.currentTarget.value })} />
        </label>
      </form>
      <p role="status">{rows.length} rows</p>
      <ul class="rows">
        {rows.map((row) => (
          <Row key={`${row.kind} ${row.id}`} row={row} />
        ))}
      </ul>
    </>
  );
}

function Row({ row, alone = false }: { row: CatalogueRow; alone?: boolean }) {
  const { evidence, reconstructed, proofs = [] } = row;
  return (
    <li class={`panel ${row.built ? "" : "open"}`}>
      <p class="over">
        <span class={`tag ${row.built ? "resisted" : "not-applicable"}`}>{row.built ? "✓ runs" : "not built"}</span>{" "}
        <span class="muted">
          {row.kind}
          {row.group !== row.kind && `, ${row.group}`}
          {row.reference && ` · [${row.reference}]`}
        </span>
        {evidence && <Evidence {...evidence} />}
        {reconstructed && <span class="tag unknown">reconstructed</span>}
      </p>
      <h2>
        {alone ? row.title : <a href={hashOf("catalogue", row.id)}>{row.title}</a>}{" "}
        {row.title !== row.id && <code>{row.id}</code>}
      </h2>
      {row.paper && (
        <p>
          <a href={row.paper.url} rel="noreferrer">
            {row.paper.text}
          </a>
          {row.weakest && (
            <>
              {" "}
              · weakest adversary <Letter letter={row.weakest} />
            </>
          )}
        </p>
      )}
      {row.summary && <p>{row.summary}</p>}
      {reconstructed && (
        <p>
          <strong>Reconstructed, not published:</strong> {reconstructed}.
        </p>
      )}
      {row.source && <p class="muted">Source: {row.source}</p>}
      {proofs.length > 0 && (
        <details open={alone}>
          <summary>Evidence: {count(proofs.length, "proof")}</summary>
          <ul class="proofs">
            {proofs.map((proof) => (
              <Proof key={proof.id} proof={proof} />
            ))}
          </ul>
        </details>
      )}
      {row.command && (
        <p class="muted">
          <code>{row.command}</code>
          {row.docs && (
            <>
              {" · page "}
              <code>{row.docs}</code>
            </>
          )}
        </p>
      )}
    </li>
  );
}

/** How many bars held, of those that were measured: what was not measured proves nothing. */
function Evidence({ bars, measured, held }: NonNullable<CatalogueRow["evidence"]>) {
  const [status, text] =
    measured === 0
      ? ["not-applicable", "not measured"]
      : [held === measured ? "resisted" : "unknown", `${held} of ${measured} measured bars held`];
  return (
    <>
      {" "}
      <span class={`tag ${status}`}>
        {text}
        {measured > 0 && bars > measured && `, ${bars - measured} not measured`}
      </span>{" "}
    </>
  );
}

const Proof = ({ proof: { claim, marks, bars, knownFailures, measured } }: { proof: ProofRow }) => (
  <li>
    {claim}{" "}
    <small>
      {bars === 1 ? "1 bar" : `${bars} bars`}, {marks.join(", ")}
      {knownFailures > 0 && `; ${knownFailures} known to fail`}
    </small>
    {measured.map((row) => (
      <small key={`${row.bar} ${row.data}`}>
        {row.bar}: measured {row.measured} on {row.data}, {row.seeds} seeds: {row.verdict}
      </small>
    ))}
  </li>
);

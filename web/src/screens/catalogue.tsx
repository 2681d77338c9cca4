// Every row of the systematisation with what this build has of it: whether it runs, and on what evidence.
import { type CatalogueRow, catalogue, type ProofRow } from "../catalogue.js";
import { Choice, Letter } from "../components/text.js";
import { route, setQuery } from "../route.js";

const kinds = { attack: "attacks", defense: "defenses", metric: "metrics" } as const;

const matches = (row: CatalogueRow, words: string): boolean =>
  `${row.id} ${row.title} ${row.group} ${row.paper?.text ?? ""}`.toLowerCase().includes(words.toLowerCase());

export function Catalogue() {
  const { kind, state, words = "" } = route.value.query;
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

function Row({ row }: { row: CatalogueRow }) {
  return (
    <li class={`panel ${row.built ? "" : "open"}`}>
      <p class="over">
        <span class={`tag ${row.built ? "resisted" : "not-applicable"}`}>{row.built ? "✓ runs" : "not built"}</span>{" "}
        <span class="muted">
          {row.kind}
          {row.group !== row.kind && `, ${row.group}`}
          {row.reference && ` · [${row.reference}]`}
        </span>
      </p>
      <h2>
        {row.title} {row.title !== row.id && <code>{row.id}</code>}
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
      {row.source && <p class="muted">Source: {row.source}</p>}
      {row.proofs && row.proofs.length > 0 && (
        <details>
          <summary>Evidence: {row.proofs.length === 1 ? "1 proof" : `${row.proofs.length} proofs`}</summary>
          <ul class="proofs">
            {row.proofs.map((proof) => (
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
              {" · "}
              <code>{row.docs}</code>
            </>
          )}
        </p>
      )}
    </li>
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

// The model: what could be said before any attack, how well that foresaw what leaked, and in which layers the gradient sits.
import type { AuditJson, VulnerabilityJson } from "../../../src/audit/audit-json.js";
import { formatNumber } from "../../../src/report/figures.js";
import { LayersTable } from "../components/layers-table.js";
import { Scroll } from "../components/text.js";

export function ModelScreen({ audit }: { audit: AuditJson }) {
  const { vulnerability, config } = audit;
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Before any attack: {config.model.name}
      </h1>
      {vulnerability ? (
        <Measures measured={vulnerability} audit={audit} />
      ) : (
        <p>
          This audit took no measures of vulnerability. Leave <code>vulnerability: true</code> in the configuration to
          take them; they cost seconds per batch.
        </p>
      )}
    </>
  );
}

function Measures({ measured, audit }: { measured: VulnerabilityJson; audit: AuditJson }) {
  const { measures, batches, foresight } = measured;
  const titleOf = (attack: string) => audit.cells.find((cell) => cell.attack === attack)?.attackTitle ?? attack;
  return (
    <>
      <p class="lead">
        Measures of the model, the data and the update alone, on{" "}
        {batches.length === 1 ? "one batch" : `${batches.length} batches`}. The columns on the right say how well each
        measure foresaw which batches an undefended attack recovered best: Spearman's rank correlation with mean PSNR,
        +1 where it ordered them rightly, 0 where it said nothing. Few batches make it a hint, no more.
      </p>
      <Scroll label="Measures of vulnerability">
        <table class="board">
          <caption class="unseen">Measures of vulnerability</caption>
          <thead>
            <tr>
              <th scope="col">Measure</th>
              <th scope="col">More vulnerable when</th>
              <th scope="col">Lowest</th>
              <th scope="col">Highest</th>
              <th scope="col">By batch</th>
              {foresight.map(({ attack }) => (
                <th scope="col" key={attack}>
                  {titleOf(attack)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {measures.map((measure) => (
              <MeasureRow key={measure.id} measure={measure} measured={measured} />
            ))}
          </tbody>
        </table>
      </Scroll>
      <LayersTable batch={batches[0]} />
    </>
  );
}

interface RowProps {
  readonly measure: VulnerabilityJson["measures"][number];
  readonly measured: VulnerabilityJson;
}

function MeasureRow({ measure: { id, title, source, moreVulnerable }, measured }: RowProps) {
  const found = measured.batches.map(({ records, values }) => ({ records, ...values[id] }));
  const figures = found.flatMap(({ value }) => (typeof value === "number" ? [value] : []));
  const reason = found.find(({ value }) => value === null)?.reason;
  return (
    <tr>
      <th scope="row">
        {title}
        <small>{source}</small>
      </th>
      <td>{moreVulnerable}</td>
      {figures.length > 0 ? (
        <>
          <td>{formatNumber(Math.min(...figures))}</td>
          <td>{formatNumber(Math.max(...figures))}</td>
          <td>
            <Bars figures={figures} />
          </td>
        </>
      ) : (
        <td colSpan={3} class="muted">
          {reason ?? "not measured"}
        </td>
      )}
      {measured.foresight.map(({ attack, values }) => {
        const foreseen = values[id];
        return typeof foreseen?.spearman === "number" ? (
          <td key={attack}>{foreseen.spearman.toFixed(2)}</td>
        ) : (
          <td key={attack} class="muted">
            {foreseen?.reason ?? "none"}
          </td>
        );
      })}
    </tr>
  );
}

/** Figures of the batches as bars from zero, in order. */
function Bars({ figures }: { figures: readonly number[] }) {
  const shown = figures.slice(0, 24);
  const low = Math.min(0, ...shown);
  const span = Math.max(0, ...shown) - low || 1;
  const height = (value: number) => (Math.abs(value) / span) * 24;
  return (
    <svg
      class="bars"
      width={shown.length * 10}
      height="26"
      role="img"
      aria-label={`By batch: ${shown.map(formatNumber).join(", ")}`}
    >
      {shown.map((value, i) => (
        <rect
          key={i}
          x={i * 10}
          y={25 - ((Math.max(value, 0) - low) / span) * 24}
          width="7"
          height={Math.max(1, height(value))}
        />
      ))}
    </svg>
  );
}

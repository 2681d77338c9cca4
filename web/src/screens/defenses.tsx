// The defense board: what leaks with each defense against what it costs, the attacker who knows it drawn beside the one who does not.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatBytes, formatFigure, formatNumber, formatSeconds } from "../../../src/report/figures.js";
import { costAxis, type Leakage, type Offer, offersOf } from "../../../src/report/trade-off.js";
import { capitalise, threatRank } from "../../../src/report/words.js";
import { catalogue } from "../catalogue.js";
import { Choice, Scroll } from "../components/text.js";
import { TradeOffChart } from "../components/trade-off-chart.js";
import { hashOf, route, setQuery } from "../route.js";
import { groupOfCell, matrix } from "../state.js";

export function Defenses({ audit }: { audit: AuditJson }) {
  const { threat, attack } = route.value.query;
  const cells = audit.cells.filter(
    (cell) => (!threat || cell.threat === threat) && (!attack || cell.attack === attack),
  );
  const offers = offersOf(cells);
  const axis = costAxis(offers);
  const letters = [...new Set(audit.cells.map((cell) => cell.threat))].sort((a, b) => threatRank(a) - threatRank(b));
  const stopping = offers.filter(({ stops, defense }) => stops && defense !== "none");
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        {offers.every(({ defense }) => defense === "none")
          ? "No defense was tried"
          : stopping.length > 0
            ? `${stopping.map(({ title }) => title).join(", ")} stopped what was tried here`
            : "No defense tried here stops everything"}
      </h1>
      <p class="lead">
        The worst case counts: every attack and adversary in view, and the attacker who knows the defense, too. Unknown
        cells stop nothing.
      </p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Adversary"
          value={threat ?? ""}
          values={[["", "all"], ...letters.map((letter) => [letter, letter] as const)]}
          onChange={(value) => setQuery({ threat: value })}
        />
        <Choice
          label="Attack"
          value={attack ?? ""}
          values={[["", "all"], ...matrix.value.attacks.map(({ id, title }) => [id, title] as const)]}
          onChange={(value) => setQuery({ attack: value })}
        />
      </form>
      <TradeOffChart offers={offers} axis={axis} />
      <h2>What each costs</h2>
      <Scroll label="Defenses and their costs">
        <table class="board">
          <thead>
            <tr>
              {[
                "Defense",
                "Stops it",
                "Leaks, attacker unaware",
                "Leaks, attacker knows it",
                "Accuracy",
                "Update left",
                "Bytes per upload",
                "Time per upload",
              ].map((head) => (
                <th scope="col" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {offers.map((offer) => (
              <OfferRow key={`${offer.defense} ${offer.options}`} offer={offer} />
            ))}
          </tbody>
        </table>
      </Scroll>
      <Advice offers={stopping} />
    </>
  );
}

function OfferRow({ offer }: { offer: Offer }) {
  const { title, options, stops, undecided, plain, adaptive, utility, defense } = offer;
  const share = (value: number | null) => (value === null ? "not measured" : `${formatNumber(100 * value)} %`);
  return (
    <tr>
      <th scope="row">
        {title}
        {options && <small>{options}</small>}
      </th>
      <td>
        {stops ? (
          <span class="tag resisted">○ yes</span>
        ) : plain || adaptive ? (
          <span class="tag leak">● no</span>
        ) : (
          <span class="tag">? unknown</span>
        )}
        {undecided > 0 && <small>{undecided} undecided</small>}
      </td>
      <LeakageData leakage={plain} absent="not decided" />
      <LeakageData leakage={adaptive} absent={defense === "none" ? "–" : "not tried"} />
      <td>
        {utility ? share(utility.accuracyWith) : "–"}
        {utility && utility.accuracyWithout !== null && <small>without {share(utility.accuracyWithout)}</small>}
      </td>
      <td>
        {utility ? (utility.cosine === null ? "not defined" : `cosine ${formatNumber(utility.cosine)}`) : "–"}
        {utility && utility.distortion !== null && <small>distortion {formatNumber(utility.distortion)}</small>}
      </td>
      <td>
        {utility ? formatBytes(utility.bytes) : "–"}
        {utility && <small>without {formatBytes(utility.bytesWithout)}</small>}
      </td>
      <td>{utility ? formatSeconds(utility.seconds) : "–"}</td>
    </tr>
  );
}

function LeakageData({ leakage, absent }: { leakage: Leakage | null; absent: string }) {
  if (!leakage) return <td class="muted">{absent}</td>;
  const { cell, share, psnr } = leakage;
  return (
    <td>
      <a href={hashOf("attacks", cell.attack, { cell: groupOfCell.value.get(cell)?.id })}>
        {Math.round(100 * share)} % of pictures
      </a>
      <small>
        {psnr === null ? "no PSNR" : `best ${formatFigure("psnr", psnr)}`} by {cell.attackTitle}
      </small>
    </td>
  );
}

/** How to switch the stopping defenses on, in the words of their definitions. */
function Advice({ offers }: { offers: readonly Offer[] }) {
  const told = [...new Set(offers.map(({ defense }) => defense))].flatMap((id) => {
    const row = catalogue.find((each) => each.kind === "defense" && each.id === id);
    return row?.advice ? [{ id, title: row.title, advice: row.advice, frameworks: row.inFrameworks ?? {} }] : [];
  });
  if (told.length === 0) return null;
  return (
    <section aria-labelledby="switch-on">
      <h2 id="switch-on">How to switch it on</h2>
      <dl class="terms wide">
        {told.map(({ id, title, advice, frameworks }) => (
          <div key={id}>
            <dt>{title}</dt>
            <dd>
              {capitalise(advice)}.
              {Object.entries(frameworks).map(([framework, how]) => (
                <small key={framework}>
                  <strong>{framework}:</strong> {how}
                </small>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

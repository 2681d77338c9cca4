// One attack: what it is, all its cases, and one case in full: pictures, figures beside floor and controls, loss curves, labels, budget,
// options. Without a subject, the list of the audit's attacks.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatFigure, scoreOf } from "../../../src/report/figures.js";
import { type CellGroup, describeOptions } from "../../../src/report/groups.js";
import { byGravity } from "../../../src/report/matrix.js";
import { count, knownLabelsMark, statuses, threatOf } from "../../../src/report/words.js";
import { type CatalogueRow, catalogue } from "../catalogue.js";
import { CellDetail } from "../components/cell-detail.js";
import { Letter, StatusTag } from "../components/text.js";
import { VirtualGrid } from "../components/virtual-grid.js";
import { hashOf, route } from "../route.js";
import { groups, matrix } from "../state.js";

export function Attacks({ audit }: { audit: AuditJson }) {
  const { subject, query } = route.value;
  const attack = matrix.value.attacks.find(({ id }) => id === subject);
  return attack ? <AttackPage audit={audit} id={attack.id} title={attack.title} query={query} /> : <AttackList />;
}

const rowOf = (id: string): CatalogueRow | undefined => catalogue.find((row) => row.kind === "attack" && row.id === id);

function AttackList() {
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        The attacks that were run
      </h1>
      <ul class="cards">
        {matrix.value.attacks.map(({ id, title }) => {
          const own = groups.value.filter(({ cell }) => cell.attack === id);
          const worst = own.map(({ cell }) => cell).sort(byGravity)[0]!;
          return (
            <li key={id} class="panel">
              <StatusTag status={worst.status} />
              <h2>
                <a href={hashOf("attacks", id)}>{title}</a>
              </h2>
              <p class="muted">
                {count(own.length, "computation")}. {rowOf(id)?.paper?.text}
              </p>
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface PageProps {
  readonly audit: AuditJson;
  readonly id: string;
  readonly title: string;
  readonly query: Readonly<Record<string, string>>;
}

function AttackPage({ audit, id, title, query }: PageProps) {
  const own = groups.value
    .filter(({ cell, threats }) => cell.attack === id && (!query.threat || threats.includes(query.threat)))
    .sort((a, b) => byGravity(a.cell, b.cell));
  const asked = groups.value.find((group) => group.id === query.cell && group.cell.attack === id);
  const chosen = asked ?? own[0];
  const row = rowOf(id);
  const threat = query.threat ? threatOf(query.threat) : undefined;
  return (
    <>
      <p class="over">
        <a href={hashOf("attacks")}>All attacks</a>
      </p>
      <h1 id="title" tabIndex={-1}>
        {title}
      </h1>
      {row?.built && (
        <p class="lead">
          {row.paper && (
            <a href={row.paper.url} rel="noreferrer">
              {row.paper.text}
            </a>
          )}
          {` · ${row.group} · weakest adversary ${row.weakest} · `}
          <a href={hashOf("catalogue", id)}>evidence</a>
          {row.reconstructed && " · reconstructed in part"}
        </p>
      )}
      {query.threat && (
        <p>
          In the hands of <Letter letter={query.threat} /> {threat?.title}.{" "}
          <a href={hashOf("attacks", id)}>All adversaries</a>
        </p>
      )}
      <div class="beside">
        <section aria-labelledby="cases">
          <h2 id="cases">{count(own.length, "case")}</h2>
          <VirtualGrid label="Cases" items={own} minWidth={4000} height={() => 64} keyOf={(group) => group.id}>
            {(group) => <CaseLink group={group} chosen={group === chosen} threat={query.threat} />}
          </VirtualGrid>
        </section>
        {chosen && <CellDetail group={chosen} audit={audit} others={own} />}
      </div>
    </>
  );
}

function CaseLink({ group, chosen, threat }: { group: CellGroup; chosen: boolean; threat: string | undefined }) {
  const { cell, threats, id } = group;
  const best = scoreOf(cell.scores, "psnr")?.best ?? null;
  const options = describeOptions(cell.recipe.defenseOptions);
  return (
    <a
      class={`case ${cell.status}`}
      href={hashOf("attacks", cell.attack, { threat, cell: id })}
      aria-current={chosen ? "true" : undefined}
    >
      <span>
        <b>{statuses[cell.status].glyph}</b> {cell.defense === "none" ? "no defense" : cell.defenseTitle}
        {cell.adaptive && ", known to the attacker"}
      </span>
      <small>
        {statuses[cell.status].word}
        {best !== null && `, ${formatFigure("psnr", best)}`} · {threats.join(", ")} · seed {cell.case.seed}
        {cell.recipe.labels === "known" && ` · ${knownLabelsMark}`}
        {options && ` · ${options}`}
      </small>
    </a>
  );
}

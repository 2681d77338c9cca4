// The first screen: what leaked, to whom, what it looks like and what to switch on, for somebody who has a minute; then all adversaries
// against all attacks, and the findings.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatFigure } from "../../../src/report/figures.js";
import type { Exhibit, Verdict } from "../../../src/report/verdict.js";
import {
  capitalise,
  count,
  knownLabelsMark,
  originalsPolicy,
  reconstructionWarning,
  severities,
  threatOf,
} from "../../../src/report/words.js";
import { Finding } from "../components/finding.js";
import { ThreatMatrix } from "../components/matrix.js";
import { Difference, Original, Reconstruction } from "../components/pictures.js";
import { Letter, Stars, StatusTag } from "../components/text.js";
import { hashOf } from "../route.js";
import { matrix, verdict as verdictOf } from "../state.js";

export function Home({ audit }: { audit: AuditJson }) {
  const verdict = verdictOf.value!;
  const policy = originalsPolicy[audit.originals];
  const findings = [...audit.findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  return (
    <>
      <section class={`first ${verdict.tone}`} aria-labelledby="title">
        {audit.interrupted && (
          <p class="banner" role="note">
            <strong>Interrupted.</strong> The audit was stopped before all combinations had run. What is missing counts
            as unknown.
          </p>
        )}
        <p class="over">
          <StatusTag status={verdict.tone} />
        </p>
        <h1 id="title" tabIndex={-1}>
          {verdict.sentence}
        </h1>
        <p class="detail">{verdict.detail}</p>
        {verdict.exhibit && <ExhibitPanel exhibit={verdict.exhibit} verdict={verdict} policy={audit.originals} />}
        <div class="facts">
          <Who verdict={verdict} />
          <Advice verdict={verdict} />
          <Tried audit={audit} />
        </div>
        <p class="policy">
          <strong>Originals: {policy.short}.</strong> {policy.text} {reconstructionWarning}
        </p>
      </section>
      <section aria-labelledby="adversaries">
        <h2 id="adversaries">Who can see what</h2>
        <p class="lead">
          Each row is an adversary, each column an attack. Weak adversaries come first: a leak in the top row is the
          worst news. A square shows its worst case over all defenses; follow it for every case.
        </p>
        <ThreatMatrix audit={audit} matrix={matrix.value} />
      </section>
      <section aria-labelledby="findings">
        <h2 id="findings">Findings</h2>
        {findings.length === 0 && <p class="muted">This audit has no findings.</p>}
        <ol class="findings">
          {findings.map((finding) => (
            <Finding key={`${finding.threat} ${finding.title}`} finding={finding} cells={audit.cells} />
          ))}
        </ol>
      </section>
      {audit.assertions.length > 0 && <Assertions audit={audit} />}
    </>
  );
}

function ExhibitPanel({
  exhibit,
  verdict,
  policy,
}: {
  exhibit: Exhibit;
  verdict: Verdict;
  policy: AuditJson["originals"];
}) {
  const { cell, image } = exhibit;
  const { tone, defended } = verdict;
  const words = tone === "leak" ? "what the adversary got" : "closest attempt";
  const figures = (shown: Exhibit) => (shown.psnr === null ? "" : `, ${formatFigure("psnr", shown.psnr)}`);
  return (
    <div class="exhibit">
      <div class="strip">
        <Original image={image} policy={policy} />
        <Reconstruction image={image} caption={words + figures(exhibit)} />
        <Difference image={image} policy={policy} told=", black is equal" />
        {defended && (
          <Reconstruction
            image={defended.image}
            caption={`the same attack with ${defended.cell.defenseTitle} on${figures(defended)}`}
          />
        )}
      </div>
      <p class="muted">
        Record {image.record}, class {image.label}. Attack: {cell.attackTitle}. Defense:{" "}
        {cell.defense === "none" ? "none" : cell.defenseTitle}.{" "}
        {cell.recipe.labels === "known" && <strong>{knownLabelsMark}. </strong>}
        <a href={hashOf("gallery")}>All pictures</a>
      </p>
    </div>
  );
}

function Who({ verdict: { threat: letter, tone } }: { verdict: Verdict }) {
  if (letter === undefined) return null;
  const threat = threatOf(letter);
  return (
    <div>
      <h2>{tone === "leak" ? "Who could do this" : "The weakest adversary tried"}</h2>
      <p>{threat ? `${capitalise(threat.who)}.` : "An adversary that this version does not know."}</p>
      <p class="muted">
        <Letter letter={letter} /> {threat?.title} <Stars letter={letter} />
      </p>
    </div>
  );
}

function Advice({ verdict: { finding, tone } }: { verdict: Verdict }) {
  const fallback =
    tone === "leak" ? "This audit found no defense that helps. Try others." : "This audit has no advice.";
  return (
    <div class="advice">
      <h2>{tone === "leak" ? "What to switch on" : "What to do next"}</h2>
      <p>{finding?.advice ?? fallback}</p>
      <p>
        <a href={hashOf("defenses")}>What each defense costs</a>
      </p>
    </div>
  );
}

function Tried({ audit: { data, config, cells } }: { audit: AuditJson }) {
  const distinct = (pick: (cell: AuditJson["cells"][number]) => string) => new Set(cells.map(pick)).size;
  const defenses = new Set(cells.map(({ defense }) => defense).filter((defense) => defense !== "none")).size;
  const adversaries = distinct(({ threat }) => threat);
  return (
    <div>
      <h2>What was tried</h2>
      <p>
        {count(data.records.length, "picture")} of the data set {data.id}
        {data.synthetic && ", which is drawn: it shows nobody real"}.
      </p>
      <p class="muted">
        {`Model ${config.model.name}, ${config.federation.algorithm}, batch size ${config.federation.batchSize}. ${count(
          distinct(({ attack }) => attack),
          "attack",
        )}, ${count(defenses, "defense")}, ${adversaries} ${adversaries === 1 ? "adversary" : "adversaries"}.`}
      </p>
    </div>
  );
}

const Assertions = ({ audit }: { audit: AuditJson }) => (
  <section aria-labelledby="assertions">
    <h2 id="assertions">Assertions</h2>
    <ul class="plain">
      {audit.assertions.map(({ selector, level, limit, bound, measured, outcome, reason }) => (
        <li key={`${selector} ${limit}`}>
          <span class={`tag ${outcome === "passed" ? "resisted" : outcome === "failed" ? "leak" : "unknown"}`}>
            {outcome}
          </span>{" "}
          <code>{selector}</code> {limit} {bound} ({level}): measured {measured ?? "nothing"}
          {reason && `; ${reason}`}
        </li>
      ))}
    </ul>
  </section>
);

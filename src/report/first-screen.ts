// The first screen: what leaked, to whom, what it looks like and what to switch on, for somebody who has a minute.
import type { AuditJson } from "../audit/audit-json.js";
import { type Html, html } from "./escape.js";
import { formatFigure, stars } from "./figures.js";
import { differenceFigure, originalFigure, reconstructionFigure } from "./pictures.js";
import type { Exhibit, Verdict } from "./verdict.js";
import {
  capitalise,
  count,
  knownLabelsMark,
  originalsPolicy,
  reconstructionWarning,
  statuses,
  threatOf,
} from "./words.js";

export function firstScreen(audit: AuditJson, verdict: Verdict): Html {
  const { glyph, word } = statuses[verdict.tone];
  return html`<section class="first ${verdict.tone}" aria-labelledby="verdict">
${audit.interrupted && html`<p class="banner" role="note"><strong>Interrupted.</strong> The audit was stopped before all combinations had run. What is missing counts as unknown.</p>`}
<p><span class="tag ${verdict.tone}">${glyph} ${word}</span></p>
<h1 id="verdict">${verdict.sentence}</h1>
<p class="detail">${verdict.detail}</p>
${verdict.exhibit && exhibitPanel(verdict.exhibit, verdict, audit.originals)}
<div class="facts">
${whoFact(verdict)}
${adviceFact(verdict)}
${triedFact(audit)}
</div>
<p class="policy"><strong>Originals: ${originalsPolicy[audit.originals].short}.</strong> ${originalsPolicy[audit.originals].text} ${reconstructionWarning}</p>
</section>`;
}

function exhibitPanel(exhibit: Exhibit, { tone, defended }: Verdict, policy: AuditJson["originals"]): Html {
  const { cell, image } = exhibit;
  const words = tone === "leak" ? "what the adversary got" : "closest attempt";
  const figures = (shown: Exhibit) => (shown.psnr === null ? "" : `, ${formatFigure("psnr", shown.psnr)}`);
  return html`<div class="exhibit">
<div class="strip">
${originalFigure(image, policy)}
${reconstructionFigure(image, words + figures(exhibit))}
${differenceFigure(image, policy)}
${defended && reconstructionFigure(defended.image, `the same attack with ${defended.cell.defenseTitle} on${figures(defended)}`)}
</div>
<p class="muted">Record ${image.record}, class ${image.label}. Attack: ${cell.attackTitle}. Defense: ${cell.defense === "none" ? "none" : cell.defenseTitle}.${cell.recipe.labels === "known" && html` <strong>${knownLabelsMark}</strong>.`}</p>
</div>`;
}

function whoFact({ threat: letter, tone }: Verdict): Html | undefined {
  if (letter === undefined) return undefined;
  const threat = threatOf(letter);
  return html`<div><h2>${tone === "leak" ? "Who could do this" : "The weakest adversary tried"}</h2>
<p>${threat ? `${capitalise(threat.who)}.` : "An adversary that this version does not know."}</p>
<p class="muted">Threat model ${letter}${threat && html`, ${threat.title}. <span role="img" aria-label="Realism ${threat.realism.stars} of 4">${stars(threat.realism.stars)}</span>`}</p></div>`;
}

function adviceFact({ finding, tone }: Verdict): Html {
  const text =
    finding?.advice ??
    (tone === "leak" ? "This audit found no defense that helps. Try others." : "This audit has no advice.");
  return html`<div class="advice"><h2>${tone === "leak" ? "What to switch on" : "What to do next"}</h2><p>${text}</p><p><a href="#findings">All findings</a></p></div>`;
}

function triedFact({ data, config, cells }: AuditJson): Html {
  const distinct = (pick: (cell: AuditJson["cells"][number]) => string) => new Set(cells.map(pick)).size;
  const defenses = new Set(cells.map(({ defense }) => defense).filter((defense) => defense !== "none")).size;
  return html`<div><h2>What was tried</h2>
<p>${count(data.records.length, "picture")} of the data set ${data.id}${data.synthetic && ", which is drawn: it shows nobody real"}.</p>
<p class="muted">Model ${config.model.name}, ${config.federation.algorithm}, batch size ${config.federation.batchSize}. ${count(
    distinct(({ attack }) => attack),
    "attack",
  )}, ${count(defenses, "defense")}, ${count(
    distinct(({ threat }) => threat),
    "adversary",
  ).replace("adversarys", "adversaries")}.</p></div>`;
}

// What the first screen says, derived from the cells alone: one sentence, the picture that tells most, and what to switch on.
// Unknown cells never make the sentence better (DESIGN.md section 2, rule 3).
import type { AuditJson, CellJson, FindingJson, ImageJson } from "../audit/audit-json.js";
import { formatFigure, scoreOf } from "./figures.js";
import { capitalise, count, severities, threatOf, threatRank } from "./words.js";

/** One picture of one cell. */
export interface Exhibit {
  readonly cell: CellJson;
  readonly image: ImageJson;
  readonly psnr: number | null;
}

export interface Verdict {
  readonly tone: "leak" | "resisted" | "unknown";
  readonly sentence: string;
  readonly detail: string;
  /** The adversary that the sentence is about: the weakest one that succeeded, else the weakest one tried. */
  readonly threat: string | undefined;
  readonly exhibit: Exhibit | undefined;
  /** The same picture under the same attack with a defense on, where that resisted. */
  readonly defended: Exhibit | undefined;
  readonly finding: FindingJson | undefined;
}

/** Reads the verdict off an audit. */
export function judge(audit: AuditJson): Verdict {
  const cells = [...audit.cells].sort((a, b) => threatRank(a.threat) - threatRank(b.threat));
  const having = (...statuses: readonly CellJson["status"][]) =>
    cells.filter(({ status }) => statuses.includes(status));
  const leaks = having("leak");
  const resisted = having("resisted");
  const undecided = having("unknown", "error");
  if (leaks.length > 0) return judgeLeak(audit, leaks);
  const threat = (resisted[0] ?? undecided[0] ?? cells[0])?.threat;
  const common = { threat, defended: undefined, finding: chooseFinding(audit.findings, threat) };
  if (resisted.length > 0) {
    const whole = undecided.length === 0 && !audit.interrupted;
    const open =
      undecided.length > 0
        ? `${undecided.length} of ${undecided.length + resisted.length} combinations stay unknown`
        : "the audit was stopped early";
    return {
      ...common,
      tone: whole ? "resisted" : "unknown",
      sentence: whole ? "Nothing came back in what was tried." : `Nothing came back so far, but ${open}.`,
      detail: `${count(resisted.length, "combination")} of attack, defense and adversary resisted, with controls passed. Other attacks, settings or more time may still succeed.`,
      exhibit: clearest(resisted, () => true),
    };
  }
  const nothing = undecided.length === 0;
  return {
    ...common,
    tone: "unknown",
    sentence: nothing ? "Unknown: no attack could be tried." : "Unknown: no attack gave a result that can be trusted.",
    detail: reasonsOf(nothing ? cells : undecided),
    exhibit: undefined,
  };
}

/** The first different reasons, each as a sentence. */
const reasonsOf = (cells: readonly CellJson[]): string =>
  [...new Set(cells.flatMap(({ reason }) => reason ?? []))]
    .slice(0, 3)
    .map((reason) => `${capitalise(reason).replace(/\.$/, "")}.`)
    .join(" ");

function judgeLeak(audit: AuditJson, leaks: readonly CellJson[]): Verdict {
  const undefended = leaks.filter(({ defense }) => defense === "none");
  const telling = undefended.length > 0 ? undefended : leaks;
  const threat = telling[0]!.threat;
  const exhibit = clearest(
    telling.filter((cell) => cell.threat === threat),
    ({ leaked }) => leaked,
  );
  const cell = exhibit?.cell ?? telling[0]!;
  const who = capitalise(threatOf(threat)?.who ?? `adversary ${threat}`);
  const despite = cell.defense === "none" ? "" : `, even with ${cell.defenseTitle} on`;
  const returned = cell.images.filter(({ leaked }) => leaked).length;
  const floor = scoreOf(cell.floor, "psnr")?.best ?? null;
  const closest =
    exhibit === undefined || exhibit.psnr === null
      ? ""
      : ` The clearest reaches ${formatFigure("psnr", exhibit.psnr)} PSNR, where 30 dB counts as a copy`;
  const beside =
    closest === ""
      ? ""
      : floor === null
        ? "."
        : `; the best guess made without the update reaches ${formatFigure("psnr", floor)}.`;
  const assumption = cell.recipe.labels === "known" ? " This assumes that the adversary knows the labels (◦)." : "";
  return {
    tone: "leak",
    sentence: `${who} gets training pictures back${despite}.`,
    detail: `${returned} of ${count(cell.images.length, "picture")} came back with the attack ${cell.attackTitle}.${closest}${beside}${assumption}`,
    threat,
    exhibit,
    defended: clearest(stopping(audit.cells, cell), ({ record }) => record === exhibit?.image.record),
    finding: chooseFinding(audit.findings, threat),
  };
}

/**
 * Cells with a defense that stopped this attack: resisted with every seed, and by the attacker who knows the defense where that was run.
 * One that leaks or stays unknown in any of them is not shown as a remedy.
 */
function stopping(cells: readonly CellJson[], leak: CellJson): CellJson[] {
  const defenseOf = ({ defense, recipe }: CellJson) => JSON.stringify([defense, recipe.defenseOptions]);
  const defended = cells.filter(
    ({ threat, attack, defense }) => threat === leak.threat && attack === leak.attack && defense !== "none",
  );
  const open = new Set(defended.filter(({ status }) => status !== "resisted").map(defenseOf));
  return defended.filter((cell) => !open.has(defenseOf(cell)));
}

/** The picture with the highest PSNR among those with something to look at; the first where none has a figure. */
function clearest(cells: readonly CellJson[], admits: (image: ImageJson) => boolean): Exhibit | undefined {
  const exhibits = cells.flatMap((cell) =>
    cell.images.map((image, i) => ({ cell, image, psnr: scoreOf(cell.scores, "psnr")?.perImage[i] ?? null })),
  );
  return exhibits
    .filter(({ image }) => image.reconstruction !== null && admits(image))
    .sort((a, b) => (b.psnr ?? -1) - (a.psnr ?? -1))[0];
}

/** The gravest finding with advice about this adversary, else about the whole audit. */
function chooseFinding(findings: readonly FindingJson[], threat: string | undefined): FindingJson | undefined {
  const about = (subject: string | undefined) =>
    findings
      .filter((finding) => finding.advice !== "" && finding.threat === subject)
      .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))[0];
  return about(threat) ?? about("*");
}

// An audit as Markdown: what leaked and to whom, the findings, and a table of vulnerabilities to known attacks that can go into a
// data-protection file as it is. Everything from the audit is text, never markup.
import type { AuditJson, CellJson } from "../audit/audit-json.js";
import { formatFigure } from "./figures.js";
import { linesOfParts } from "./frameworks.js";
import { judge } from "./verdict.js";
import { knownLabelsMark, severities, statuses, threatOf, threatRank } from "./words.js";

/** A text with nothing in it that Markdown or HTML would read: on one line, and safe inside a table. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_{}[\]|~#!]/g, (character) => `\\${character}`);

const row = (...fields: readonly string[]): string => `| ${fields.join(" | ")} |`;

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(...head), row(...head.map(() => "---")), ...rows.map((fields) => row(...fields)), ""];
}

const psnr = (scores: CellJson["scores"]): string => formatFigure("psnr", scores.psnr?.best ?? null);

/** What one attack did in the hands of one adversary, over all its cells. */
function vulnerability(cells: readonly CellJson[]): string[] {
  const [first] = cells;
  const undefended = cells.filter(({ defense }) => defense === "none");
  const worst = [...undefended].sort(
    (a, b) => rank(b) - rank(a) || (b.scores.psnr?.best ?? 0) - (a.scores.psnr?.best ?? 0),
  )[0];
  const defenses = [...new Map(cells.map(({ defense, defenseTitle }) => [defense, defenseTitle]))].filter(
    ([id]) => id !== "none",
  );
  const held = defenses.filter(([id]) =>
    cells.filter(({ defense }) => defense === id).every(({ status }) => status === "resisted"),
  );
  const leaked = worst?.images.filter((image) => image.leaked).length ?? 0;
  return [
    `${plain(first!.attackTitle)}${first!.recipe.labels === "known" ? ` (${knownLabelsMark})` : ""}`,
    `${first!.threat}: ${plain(threatOf(first!.threat)?.title ?? "unknown")}`,
    worst ? `${statuses[worst.status].word}${worst.reason ? `: ${plain(worst.reason)}` : ""}` : "not tried undefended",
    worst && worst.images.length > 0
      ? `${leaked} of ${worst.images.length} images, best ${psnr(worst.scores)} (without the update ${psnr(worst.floor)})`
      : "–",
    worst ? worst.control.status : "–",
    defenses.length === 0
      ? "none tried"
      : held.length > 0
        ? held.map(([, title]) => plain(title)).join(", ")
        : `none of ${defenses.map(([, title]) => plain(title)).join(", ")}`,
  ];
}

const gravity: readonly CellJson["status"][] = ["not-applicable", "resisted", "error", "unknown", "leak"];
const rank = ({ status }: CellJson): number => gravity.indexOf(status);

/** The text of summary.md. */
export function renderMarkdown(audit: AuditJson): string {
  const { cells, config, data, findings, assertions, summary } = audit;
  const verdict = judge(audit);
  const pairs = [...new Set(cells.map(({ threat, attack }) => JSON.stringify([threat, attack])))]
    .map((pair) => cells.filter(({ threat, attack }) => JSON.stringify([threat, attack]) === pair))
    .sort((a, b) => threatRank(a[0]!.threat) - threatRank(b[0]!.threat));
  const sorted = [...findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  const { algorithm, clients, batchSize, rounds } = config.federation;
  return [
    "# What this federation's updates give away",
    "",
    `**${plain(verdict.sentence)}** ${plain(verdict.detail)}`,
    "",
    `Model ${plain(config.model.name)}; data ${plain(data.id)}, ${data.records.length} pictures${data.synthetic ? " (drawn, not real)" : ""}; ` +
      `${algorithm}, ${clients} client(s), batches of ${batchSize}, ${rounds} round(s); seed ${config.seed}; ` +
      `leakscope ${plain(audit.tool.version)} (code ${plain(audit.tool.code)}), ${audit.startedAt.slice(0, 10)}.` +
      `${audit.interrupted ? " **The audit was stopped before all cells had run.**" : ""}`,
    "",
    "## By adversary",
    "",
    ...tableOf(
      ["adversary", "score", "leak", "resisted", "unknown", "error", "not applicable"],
      Object.entries(summary).map(([letter, { title, score, ...n }]) => [
        `${plain(letter)}: ${plain(title)}`,
        score === null ? "–" : score.toFixed(2),
        ...[n.leak, n.resisted, n.unknown, n.error, n.notApplicable].map(String),
      ]),
    ),
    "The score is 1 minus the worst cell's share of identified images.",
    "",
    "## Vulnerabilities to known attacks",
    "",
    ...tableOf(
      ["attack", "adversary", "undefended", "recovered", "control", "stopped by"],
      pairs.map((pair) => vulnerability(pair)),
    ),
    "A failed attempt is no proof of safety; unknown is no pass. A defense is listed where every cell with it resisted, also those of an " +
      "attacker who knows it, where that was run.",
    "",
    "## Findings",
    "",
    ...sorted.flatMap(({ severity, title, text, advice, remedies = [] }) => [
      `- **${severity}: ${plain(title)}.** ${plain(text)} ${plain(advice)}`.trimEnd(),
      ...remedies.flatMap((remedy) =>
        linesOfParts(remedy.inFrameworks).map(
          ([framework, part]) => `  - ${plain(remedy.title)} in ${plain(framework)}: ${plain(part)}`,
        ),
      ),
    ]),
    "",
    ...(assertions.length === 0
      ? []
      : [
          "## Assertions",
          "",
          ...tableOf(
            ["assertion", "level", "limit", "measured", "outcome"],
            assertions.map(({ selector, level, limit, bound, measured, outcome, reason }) => [
              plain(selector),
              level,
              `${plain(limit)} ${bound}`,
              measured === null ? "–" : String(Number(measured.toPrecision(4))),
              `${outcome}${reason ? `: ${plain(reason)}` : ""}`,
            ]),
          ),
        ]),
  ].join("\n");
}

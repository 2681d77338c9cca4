// An audit in a few lines on the terminal: one per threat model, the worst finding, and where the report is.
import { createColors } from "picocolors";
import type { AssertionJson, AuditJson, FindingJson } from "../audit/audit-json.js";
import { duration, figure, table, wrap } from "./table.js";

export interface SummaryPlaces {
  readonly report: string;
  /** Folder of the run, as one would type it. */
  readonly run: string;
}

type Colours = ReturnType<typeof createColors>;

const order: readonly FindingJson["severity"][] = ["high", "medium", "low", "unknown", "info"];

/** The text that ends an audit; colours only where `color`. */
export function summaryText(audit: AuditJson, { report, run }: SummaryPlaces, color: boolean): string {
  const { bold, red, green, dim } = createColors(color);
  const rows = Object.entries(audit.summary).map(([letter, { title, ...counts }]) => [
    `${bold(letter)}  ${title}`,
    counts.leak > 0 ? red(`${counts.leak} leak`) : "0 leak",
    counts.resisted > 0 ? green(`${counts.resisted} resisted`) : "0 resisted",
    `${counts.unknown} unknown`,
    `score ${figure(counts.score)}`,
    ...(counts.error > 0 ? [`${counts.error} error`] : []),
    ...(counts.notApplicable > 0 ? [dim(`${counts.notApplicable} not applicable`)] : []),
  ]);
  const worst = [...audit.findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))[0];
  const decided = audit.cells.filter(({ status }) => status !== "unknown" && status !== "not-applicable").length;
  const labels = audit.config.labels === "known" ? "; labels known to the attacker ◦" : "";
  return [
    table(rows),
    ...(worst
      ? ["", `${bold(worst.title)} (${worst.severity})`, `  ${wrap(`${worst.text} ${worst.advice}`, 100, "  ")}`]
      : []),
    ...assertionLines(audit.assertions, createColors(color)),
    "",
    dim(
      `${decided} of ${audit.cells.length} cells decided in ${duration(audit.seconds)}, seed ${audit.config.seed}${labels}`,
    ),
    `Report: ${report}`,
    ...(audit.interrupted ? [`Stopped; finished cells are kept. Go on with: leakscope audit --resume ${run}`] : []),
  ].join("\n");
}

/** One line per assertion that did not pass, and how many did. */
function assertionLines(assertions: readonly AssertionJson[], { red, yellow, green }: Colours): string[] {
  if (assertions.length === 0) return [];
  const open = assertions.filter(({ outcome }) => outcome !== "passed");
  const passed = assertions.length - open.length;
  return [
    "",
    `Assertions: ${passed > 0 ? green(`${passed} passed`) : "0 passed"}`,
    ...open.map(({ selector, level, limit, bound, measured, outcome, reason, worstCell }) => {
      const paint = outcome === "failed" && level === "error" ? red : yellow;
      const why = reason ?? `measured ${figure(measured)}${worstCell === null ? "" : `, cell ${worstCell}`}`;
      return `  ${paint(`${outcome} (${level})`)}  ${selector}: ${limit} ${bound}; ${why}`;
    }),
  ];
}

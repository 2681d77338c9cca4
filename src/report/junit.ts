// An audit as a JUnit file, for CI services: a suite per threat model and one of the assertions. A leak is a result, so only assertions fail;
// cells that broke are errors, and those that could not be decided or do not apply are skipped with their reason.
import type { AssertionJson, AuditJson, CellJson } from "../audit/audit-json.js";
import { formatFigure } from "./figures.js";
import { threatOf } from "./words.js";

interface TestCase {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  readonly outcome: "passed" | "failure" | "error" | "skipped";
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that XML 1.0 cannot hold, not even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unfit = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;

const escapeXml = (text: string): string =>
  text.replace(unfit, "\ufffd").replace(/[&<>"']/g, (character) => entities[character]!);

function ofCell(cell: CellJson): TestCase {
  const { attackTitle, defenseTitle, adaptive, defense, status, images, scores, floor } = cell;
  const against = defense === "none" ? "no defense" : `${defenseTitle}${adaptive ? ", known to the attacker" : ""}`;
  const best = (figures: CellJson["scores"]) => formatFigure("psnr", figures.psnr?.best ?? null);
  const outcomes = {
    leak: "passed",
    resisted: "passed",
    error: "error",
    unknown: "skipped",
    "not-applicable": "skipped",
  };
  return {
    name: `${attackTitle} against ${against}, seed ${cell.case.seed}`,
    className: `${cell.threat}.${cell.attack}`,
    seconds: cell.budget.seconds,
    outcome: outcomes[status] as TestCase["outcome"],
    text:
      cell.reason === undefined
        ? `${status}: ${images.filter(({ leaked }) => leaked).length} of ${images.length} images leaked, ` +
          `best PSNR ${best(scores)}, floor ${best(floor)}`
        : `${status}: ${cell.reason}`,
  };
}

function ofAssertion({ selector, level, limit, bound, measured, outcome, reason, worstCell }: AssertionJson): TestCase {
  const failed = outcome === "failed" && level === "error";
  return {
    name: `${selector}: ${limit} ${bound}`,
    className: `assertions.${level}`,
    seconds: 0,
    outcome: failed ? "failure" : outcome === "undecided" ? "skipped" : "passed",
    text: `${outcome}: measured ${measured ?? "nothing"}${reason ? `; ${reason}` : ""}${worstCell ? `; cell ${worstCell}` : ""}`,
  };
}

function renderCase({ name, className, seconds, outcome, text }: TestCase): string {
  const open = `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}" time="${seconds}">`;
  const inner =
    outcome === "passed"
      ? `<system-out>${escapeXml(text)}</system-out>`
      : outcome === "skipped"
        ? `<skipped message="${escapeXml(text)}"/>`
        : `<${outcome} message="${escapeXml(text)}"/>`;
  return `${open}${inner}</testcase>`;
}

function renderSuite(name: string, cases: readonly TestCase[], timestamp: string): string {
  const count = (outcome: TestCase["outcome"]) => cases.filter((each) => each.outcome === outcome).length;
  const counts = `tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}" skipped="${count("skipped")}"`;
  const seconds = cases.reduce((sum, each) => sum + each.seconds, 0);
  return [
    `  <testsuite name="${escapeXml(name)}" ${counts} time="${seconds}" timestamp="${escapeXml(timestamp)}">`,
    ...cases.map(renderCase),
    "  </testsuite>",
  ].join("\n");
}

/** The text of junit.xml. */
export function renderJunit({ cells, assertions, startedAt, seconds }: AuditJson): string {
  const letters = [...new Set(cells.map(({ threat }) => threat))];
  const suites = [
    ...(assertions.length > 0 ? [renderSuite("assertions", assertions.map(ofAssertion), startedAt)] : []),
    ...letters.map((letter) => {
      const own = cells.filter(({ threat }) => threat === letter).map(ofCell);
      return renderSuite(`threat ${letter}: ${threatOf(letter)?.title ?? "unknown"}`, own, startedAt);
    }),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="leakscope" time="${seconds}">`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

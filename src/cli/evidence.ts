// What proofs measured, kept as a .json file and as a table beside it; figures of other attacks and other data stay.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { UsageError } from "./exit.js";

/** One bar of one proof on one data set. */
export interface Evidence {
  readonly attack: string;
  readonly proof: string;
  readonly bar: string;
  /** Where the bar comes from. */
  readonly evidence: string;
  readonly measured: number;
  readonly verdict: "held" | "held, though known to fail" | "known failure" | "missed";
  /** Why a bar is known to fail. */
  readonly why?: string;
  readonly data: string;
  readonly seeds: number;
  /** Of all cases of the proof together. */
  readonly seconds: number;
  readonly date: string;
  readonly device: string;
}

const keyOf = ({ attack, proof, bar, data }: Evidence): string => [attack, proof, bar, data].join("|");

/** Writes `file` and the .md beside it. Throws UsageError for a name without .json, SyntaxError for a damaged file. */
export async function writeEvidence(file: string, rows: readonly Evidence[]): Promise<void> {
  if (!file.endsWith(".json")) throw new UsageError(`--evidence takes a .json file, got "${file}"`);
  const known = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Evidence[]) : [];
  const all = [...new Map([...known, ...rows].map((row) => [keyOf(row), row])).values()].sort((a, b) =>
    keyOf(a) < keyOf(b) ? -1 : 1,
  );
  await writeFile(file, `${JSON.stringify(all, null, 1)}\n`);
  await writeFile(file.replace(/\.json$/, ".md"), evidencePage(all));
}

/** The table as Markdown. */
function evidencePage(rows: readonly Evidence[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const head = [
    "attack",
    "proof",
    "bar",
    "measured",
    "bar from",
    "verdict",
    "data",
    "seeds",
    "seconds",
    "date",
    "device",
  ];
  const lines = rows.map((row) =>
    line([
      ...[`\`${row.attack}\``, row.proof, row.bar, `${row.measured}`, row.evidence, row.verdict, row.data],
      ...[`${row.seeds}`, `${row.seconds}`, row.date, row.device],
    ]),
  );
  const known = rows.flatMap(({ attack, proof, why }) =>
    why === undefined ? [] : [`- \`${attack}\`, ${proof}: ${why}`],
  );
  return `# Evidence

Written by \`leakscope reproduce --all --evidence docs/evidence.json\`. Each row is a bar of a proof that an attack brings along, with where the bar
comes from and what was measured here. Bars that are known to fail stay as strict as they are.

${[line(head), line(head.map(() => "---")), ...lines].join("\n")}
${known.length > 0 ? `\n## Known failures\n\n${[...new Set(known)].join("\n")}\n` : ""}`;
}

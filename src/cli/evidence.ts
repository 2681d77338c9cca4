// What proofs measured, kept as a .json file and as a table beside it; figures of other attacks and other data stay.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Catalogue } from "../audit/catalogue.js";
import { describeBar } from "../audit/proof.js";
import { UsageError } from "./exit.js";
import type { Judgement } from "./judge.js";

const evidence = z.array(
  z.object({
    attack: z.string(),
    proof: z.string(),
    bar: z.string(),
    evidence: z.string().describe("where the bar comes from"),
    labels: z.enum(["recovered", "known"]),
    measured: z.number().describe("over all seeds and images"),
    perSeed: z.array(z.number()),
    floor: z.number().nullable().describe("the same of guesses made without any update"),
    verdict: z.enum(["held", "held, though known to fail", "known failure", "missed"]),
    why: z.string().optional().describe("why a bar is known to fail"),
    data: z.string(),
    seeds: z.int(),
    seconds: z.number().describe("of all cases of the proof together"),
    date: z.string(),
    device: z.string(),
  }),
);

/** One bar of one proof on one data set. */
type Evidence = z.infer<typeof evidence>[number];

/** Rejects with UsageError for a file that evidence cannot be kept in: better before hours of work than after. */
export async function checkEvidence(file: string): Promise<void> {
  if (!file.endsWith(".json")) throw new UsageError(`--evidence takes a .json file, got "${file}"`);
  if (!existsSync(dirname(file))) throw new UsageError(`--evidence ${file}: there is no folder ${dirname(file)}`);
  await readEvidence(file);
}

/** The table that stands beside `file`: `docs/EVIDENCE.md` beside `docs/evidence.json`. */
const tableBeside = (file: string): string => join(dirname(file), `${basename(file, ".json").toUpperCase()}.md`);

/** Keeps what was decided, in place of what the same proofs measured on the same data before, and writes the table. */
export async function writeEvidence(
  file: string,
  judgements: readonly Judgement[],
  { attacks }: Catalogue,
): Promise<void> {
  const rows = judgements.flatMap(evidenceOf);
  const proofOf = ({ attack, proof, data }: Evidence): string => JSON.stringify([attack, proof, data]);
  const replaced = new Set(rows.map(proofOf));
  // A bar that was changed since has no evidence.
  const stated = ({ attack, proof, bar }: Evidence): boolean =>
    attacks
      .get(attack)
      ?.proofs.some(({ id, bars }) => id === proof && bars.some((each) => describeBar(each) === bar)) ?? true;
  const kept = (await readEvidence(file)).filter((row) => !replaced.has(proofOf(row)) && stated(row));
  const all = [...kept, ...rows].sort((a, b) => (proofOf(a) < proofOf(b) ? -1 : proofOf(a) > proofOf(b) ? 1 : 0));
  await writeFile(file, `[\n${all.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
  await writeFile(tableBeside(file), evidencePage(all));
}

async function readEvidence(file: string): Promise<Evidence[]> {
  if (!existsSync(file)) return [];
  try {
    return evidence.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new UsageError(`${file} holds something other than evidence; move it away or name another file`, { cause });
  }
}

const rounded = (value: number): number => Number(value.toPrecision(4));

function evidenceOf({ attack, proof, bar, measured, perSeed, floor, verdict, why, ...rest }: Judgement): Evidence[] {
  if (measured === null || verdict === "error" || verdict === "unknown") return [];
  return [
    {
      ...{ attack: attack.id, proof: proof.id, bar: describeBar(bar), evidence: bar.evidence },
      ...{ labels: proof.setting.labels, measured: rounded(measured), perSeed: perSeed.map(rounded) },
      ...{ floor: floor === null ? null : rounded(floor), verdict, ...(why === undefined ? {} : { why }) },
      ...{ data: rest.data, seeds: rest.seeds, seconds: Math.round(rest.seconds) },
      ...{ date: new Date().toISOString().slice(0, 10), device: cpus()[0]?.model.trim() ?? "unknown" },
    },
  ];
}

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

const columns = ["proof", "bar", "bar from", "measured (floor)", "per seed", "verdict"];
const recipe = ["data", "seeds", "seconds", "date", "device"];

function evidencePage(rows: readonly Evidence[]): string {
  const sections = [...new Set(rows.map(({ attack }) => attack))].map((attack) => {
    const own = rows.filter((row) => row.attack === attack);
    const known = new Set(
      own.flatMap(({ proof, why }) => (why === undefined ? [] : [`- ${proof} is known to fail: ${why}`])),
    );
    const head = [...columns, ...recipe];
    const table = [line(head), line(head.map(() => "---")), ...own.map(rowText)].join("\n");
    return [`## ${attack}`, table, ...(known.size > 0 ? [[...known].join("\n")] : [])].join("\n\n");
  });
  const count = (verdict: Evidence["verdict"]): number => rows.filter((row) => row.verdict === verdict).length;
  const held = count("held") + count("held, though known to fail");
  return `# Evidence

Written by \`leakscope reproduce --all --evidence docs/evidence.json\`, from the figures in that file. A row is a bar of a proof that an attack brings
along: where the bar comes from, and what was measured here, over all seeds and images, with the best guess made without any update (the floor) in
brackets. ◦ means that the labels were known to the attacker. Bars that are known to fail stay as strict as they are.

Of ${rows.length} bars, ${held} hold, ${count("known failure")} are known to fail, ${count("missed")} are missed.

${sections.join("\n\n")}
`;
}

const rowText = (row: Evidence): string =>
  line([
    ...[`${row.proof}${row.labels === "known" ? " ◦" : ""}`, row.bar, row.evidence],
    ...[`${row.measured}${row.floor === null ? "" : ` (${row.floor})`}`, row.perSeed.join(" "), row.verdict],
    ...[row.data, `${row.seeds}`, `${row.seconds}`, row.date, row.device],
  ]);

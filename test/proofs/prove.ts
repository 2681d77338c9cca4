// What all proofs share: cases from an attack's own `proofs`, the data that they run on, and the lines that they leave as evidence.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Attack } from "../../src/attacks/define.js";
import type { CaseResult, CaseSpec } from "../../src/audit/case.js";
import { configSchema } from "../../src/audit/config.js";
import { evaluateCase } from "../../src/audit/evaluate.js";
import { nodeCpu } from "../../src/engine/backends/node-cpu.js";
import { weakestThreat } from "../../src/threat/capabilities.js";

const cifar = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "cifar10-sample", "train_4000.bin");

/** Pictures of a proof. CIFAR-10 may not be committed: where it is missing, its proofs are skipped by name. */
export const pictures = [
  { name: "CIFAR-10", missing: !existsSync(cifar), data: { source: "cifar10", path: cifar } },
  { name: "drawn portraits", missing: false, data: { source: "portraits" } },
] as const;

export interface Run {
  readonly attack: Attack;
  readonly model: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly source: string };
  readonly records: readonly number[];
  readonly seed: number;
  readonly batchSize?: number;
  readonly labels?: CaseSpec["labels"];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly defense?: CaseSpec["defense"];
  readonly adaptive?: boolean;
}

/** A case with the weakest adversary who may run the attack, and an hour. */
export function caseOf({ attack, model, data, records, seed, ...rest }: Run): CaseSpec {
  const { batchSize = 1, labels = "recovered", options = {}, defense = null, adaptive = false } = rest;
  const defaults = configSchema.parse({ model: { name: model }, data: { ...data, records: [...records] }, seed });
  return {
    model: defaults.model,
    data: defaults.data,
    surrogate: defaults.surrogate,
    federation: { ...defaults.federation, batchSize },
    labels,
    metrics: ["psnr"],
    originals: "omit",
    seed,
    budgetSeconds: 3600,
    threat: weakestThreat(attack.needs)!,
    attack: { id: attack.id, options: attack.options.parse(options) },
    defense,
    adaptive,
    backend: "node-cpu",
    content: "embedded",
  };
}

export const evaluate = (run: Run): Promise<CaseResult> =>
  evaluateCase(caseOf(run), {
    backend: nodeCpu({ threads: 1 }),
    signal: new AbortController().signal,
    onProgress: () => {},
  });

/** PSNR in dB per image; 0 where the attack gave nothing. */
export const decibels = (result: CaseResult): number[] => result.scores.psnr!.perImage.map((value) => value ?? 0);

interface Line {
  readonly proof: string;
  readonly pictures: string;
  readonly unit: string;
  readonly measured: readonly number[];
  /** The measured values in a word. */
  readonly summary: string;
  /** What was asked of `measured`, in words; null where the figure is only reported. */
  readonly bar: string | null;
  readonly held: boolean | null;
  readonly seconds: number;
}

const results = new URL("results.json", import.meta.url);

/** Keeps a line, in place of the same proof's earlier one, and prints it. Returns whether the bar was held. */
export function note(line: Line): boolean {
  const rounded = {
    ...line,
    measured: line.measured.map((value) => Number(value.toFixed(2))),
    seconds: Math.round(line.seconds),
  };
  const known = existsSync(results) ? (JSON.parse(readFileSync(results, "utf8")) as Line[]) : [];
  const others = known.filter(({ proof, pictures: on }) => proof !== line.proof || on !== line.pictures);
  const all = [...others, { ...rounded, date: new Date().toISOString().slice(0, 10) }];
  const name = (entry: Line) => `${entry.proof} ${entry.pictures}`;
  all.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  const text = JSON.stringify(all, null, 2).replace(/(?<="measured": )\[[^\]]*\]/g, (list) =>
    list.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]"),
  );
  writeFileSync(results, `${text}\n`);
  const verdict = line.held === null ? "reported" : line.held ? "held" : "MISSED";
  process.stdout.write(
    `${verdict.padEnd(9)}${line.proof} | ${line.pictures} | ${rounded.measured.join(" ")} ${line.unit} | ${line.summary} | ${line.bar ?? "no bar"} | ${rounded.seconds} s\n`,
  );
  return line.held !== false;
}

/** "3 of 4 reach 40 dB". */
export const told = (values: readonly number[], bar: number): string =>
  `${values.filter((value) => value >= bar).length} of ${values.length} reach ${bar} dB`;

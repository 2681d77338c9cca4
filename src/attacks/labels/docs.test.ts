// docs/labels.md is made of the rules' definitions and of what test/proofs/labels.proof.ts measured last. `npx vitest run
// src/attacks/labels/docs.test.ts -u` writes it.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cellName, columns, rows } from "../../../test/label-cells.js";
import { labelOptions } from "./batch-labels.js";
import { type LabelRuleInfo, labelNeeds } from "./define.js";
import { labelRules } from "./index.js";
import { joint } from "./joint.js";

interface Line {
  readonly proof: string;
  readonly pictures: string;
  readonly measured: readonly number[];
  readonly summary: string;
  readonly bar: string | null;
  readonly held: boolean | null;
}
const lines: readonly Line[] = JSON.parse(readFileSync("test/proofs/results.json", "utf8"));

const cells = (...parts: readonly string[]) => `| ${parts.join(" | ")} |`;

function described({ id, title, summary, source, needs, failsWhen }: LabelRuleInfo): string {
  const reads = needs.length === 0 ? "the whole update" : needs.map((need) => labelNeeds[need]).join("; ");
  const from = source ? `[${source.authors} ${source.year}](${source.url})` : "follows from ∂b";
  return cells(`\`${id}\``, `**${title}.** ${summary}`, reads, failsWhen, from);
}

/** Two digits without the leading zero, as the specification prints them. */
const brief = (value: number) =>
  value
    .toFixed(2)
    .replace(/^0(?=\.)/, "")
    .replace(/\.00$/, "")
    .replace(/^$/, "0");

function measuredOn(pictures: string): string[] {
  const measured = (proof: string) =>
    lines.find((line) => line.pictures === pictures && line.proof === proof)?.measured ?? null;
  const names = Object.keys(columns);
  return [
    cells("", ...names.map((name) => `\`${name.replace(/ .*/, "")}\`${name.replace(/^\S+/, "")}`), "`joint`"),
    cells("---", ...names.map(() => "---"), "---"),
    ...rows.map((row) => {
      const name = `labels: ${cellName(row)}`;
      const [mean, exact, found] = [measured(name), measured(`${name}, all of a batch`), measured(`${name}, joint`)];
      if (!mean || !exact || !found)
        throw new Error(`no figures on ${pictures} for "${name}": run the proof of labels`);
      const figure = (i: number) => {
        const own = `${brief(mean[i]!)}/${brief(exact[i]!)}`;
        return row.mean[i] === undefined ? own : `${own} (${brief(row.mean[i])}/${brief(row.exact[i]!)})`;
      };
      return cells(
        cellName(row),
        ...names.map((_, i) => figure(i)),
        brief(found.reduce((a, b) => a + b) / found.length),
      );
    }),
  ];
}

/** What was further from the specification than its bar allows. */
const missed = (): string[] =>
  lines
    .filter(({ proof, held }) => proof.startsWith("labels: ") && held === false)
    .map(({ proof, pictures, bar, summary }) => {
      return `- ${pictures}, ${proof.replace("labels: ", "")}: ${summary.replace(/.*beyond the bar: /, "")} (bar: ${bar})`;
    });

it("docs/labels.md describes every rule and shows what was measured", async () => {
  const choices = labelOptions.labelRule.unwrap().options;
  expect(choices).toEqual(["auto", ...Object.values(labelRules).map(({ id }) => id)]);
  const page = [
    "# Which labels are in the batch?",
    "",
    "Most attacks first read the labels off the last layer's part of an update and then look for the images. This page is written by",
    "`npx vitest run src/attacks/labels/docs.test.ts -u` from the rules' definitions and from test/proofs/results.json; a test keeps it so.",
    "",
    "With K images, softmax p, label y and features h, the last layer has ∂L/∂b_c = (1/K) Σ_i (p_i[c] − 1[y_i = c]) and",
    "∂L/∂W[c] = (1/K) Σ_i (p_i[c] − 1[y_i = c]) h_i. Every rule below reads counts of labels off one of the two.",
    "",
    `Attacks take \`labelRule\`: ${choices.map((id) => `\`${id}\``).join(", ")}.`,
    "`auto` is `idlg` for one image; for a batch `ilrg` where the last layer has a bias; without one `geng-counts` where the attack is given surrogate pictures,",
    "else `e2egi`. Reports name the rule that ran (`labels/ilrg`) and, where the evidence shows one, the reason why its result may be wrong: features that may be negative,",
    "labels that repeat, a net that is trained, rows that do not add up to zero because a defense is on, counts far from whole numbers, pictures",
    "that differ. No reason is no guarantee. Under FedAvg the gradient is the update over learning rate and number of steps, with momentum and",
    "weight decay taken out; where an attack is not told these, rules that need the scale are wrong.",
    "",
    "| rule | what it names | reads | fails when | source |",
    "| --- | --- | --- | --- | --- |",
    ...[...Object.values(labelRules), joint].map(described),
    "",
    "## Measured",
    "",
    "Untrained nets of two hidden layers of 256 units on pictures of 32×32 pixels with labels drawn at random; ten nets, 25 batches each (`joint`:",
    "three batches, one start of 20 calls). Each entry: mean share of labels recovered / share of batches recovered exactly, and in brackets what",
    "the specification measured on 25 batches of CIFAR-10, where it did. Dummies are noise, surrogate pictures are 256 others of the",
    "same data. `yin` and `bias-sign` name each class once at most.",
    "",
    "CIFAR-10:",
    "",
    ...measuredOn("CIFAR-10"),
    "",
    "Drawn portraits, which everybody has:",
    "",
    ...measuredOn("drawn portraits"),
    "",
    "Figures beyond the bar of their proof; a share of batches in 25 is itself uncertain by up to 0.2 (two standard deviations):",
    "",
    ...(missed().length === 0 ? ["- none"] : missed()),
    "",
    "What follows: `ilrg` is the default for any last layer with a bias, and no other rule without surrogate pictures does better in any row.",
    "",
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/labels.md");
});

// The result of an attack on a recorded update, in words: what was attacked, how it was understood, and how much of it is explained.
import { join } from "node:path";
import type { GradientDistance, OwnResult } from "../audit/own-update.js";
import type { RecordedCase } from "./attack-recorded.js";
import { duration, figure, table, wrap } from "./table.js";

const guesses: Readonly<Record<string, string>> = { "prior-mean": "a grey picture", noise: "white noise" };

/** The text that ends `leakscope attack --update`; `folder` holds the pictures. */
export function describeRecorded(about: RecordedCase, result: OwnResult, folder: string): string {
  const { model, batchSize, update, labels, knownDefense } = about;
  const size = `${model.inputShape.join("x")}, ${model.classes} classes`;
  const known = [
    ...(typeof labels === "string" ? [] : [" ◦ labels known to the attacker"]),
    ...(knownDefense ? [`, defense ${knownDefense.id} known to the attacker`] : []),
  ].join("");
  const item = (text: string) => `  ${wrap(text, 110, "    ")}`;
  return [
    `${about.attack} under ${about.threat} on an own update of ${batchSize} image(s), ${model.id} (${size}), seed ${about.seed}${known}`,
    "",
    "Understood as",
    ...about.matching.map(item),
    item(`${articles[update.kind]}${update.sign === -1 ? ", sign turned" : ""}, scale ${figure(update.scale)}`),
    ...update.notes.map(item),
    ...about.warnings.map((text) => item(`Warning: ${text}`)),
    "",
    table([
      ["picture", "label", "confidence"],
      ...result.images.map(({ confidence }, i) => [
        `reconstruction-${i}.png`,
        String(result.labels.attack?.values[i] ?? "–"),
        figure(confidence),
      ]),
    ]),
    "",
    ...explained(result),
    ...labelText(result),
    ...result.notes.map((note) => `Note: ${note}`),
    `${result.iterations} iterations in ${duration(result.seconds)}${result.exhausted ? "; ended by the budget, not by its own rule" : ""}`,
    `Pictures: ${join(folder, "reconstruction-*.png")}`,
  ].join("\n");
}

const articles = { gradient: "a gradient", delta: "a weight delta", weights: "local weights" } as const;

function explained({ distance, floor }: OwnResult): string[] {
  if (!distance) return ["The attack gave no picture or no labels, so nothing can be said about the update."];
  const row = (name: string, { relative, cosine }: GradientDistance) => [
    name,
    `${figure(100 * Math.max(0, 1 - relative))} %`,
    figure(relative),
    figure(cosine),
  ];
  return [
    table([
      ["made of", "explains of the update", "squared distance", "cosine distance"],
      row("the reconstruction", distance),
      ...Object.entries(floor).map(([id, each]) => row(`${guesses[id] ?? id} (floor)`, each)),
    ]),
    "No truth is at hand, so that there is no PSNR. A picture that explains hardly more than the floor has recovered nothing.",
  ];
}

function labelText({ labels: { attack, rule } }: OwnResult): string[] {
  if (!attack) return rule ? [`Labels: ${rule.values.join(", ")} by ${rule.method}`] : [];
  const found = `Labels: ${attack.values.join(", ")} (${attack.method})`;
  if (!rule || rule.method === attack.method) return [found];
  const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b).join(", ");
  const agree = sorted(rule.values) === sorted(attack.values);
  return [
    `${found}; the last layer alone says ${sorted(rule.values)} (${rule.method}): they ${agree ? "agree" : "disagree"}`,
  ];
}

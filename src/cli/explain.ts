// `leakscope explain`: what a thing is, what it needs, its options and its evidence, from the definition itself.
import { Command } from "commander";
import { z } from "zod";
import { type Attack, reference } from "../attacks/define.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import { suggestion } from "../audit/nearest.js";
import { describeBar } from "../audit/proof.js";
import { sources } from "../data/open.js";
import type { Defense } from "../defenses/define.js";
import type { Metric } from "../metrics/define.js";
import { models } from "../models/index.js";
import {
  type Capability,
  capabilities,
  grants,
  type ThreatLetter,
  threatLetters,
  threatModels,
} from "../threat/capabilities.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { inventory } from "./inventory.js";
import { table, wrap } from "./table.js";

/** A heading and its paragraphs, lists or tables; shown in order, empty ones left out. */
type Section = readonly [heading: string, body: string];

const examples = `
Examples:
  leakscope explain dlg
  leakscope explain B
  leakscope explain ssim`;

/** The verb. `exit` is told how the process should end. */
export function explainCommand(exit: (code: ExitCode) => void): Command {
  return new Command("explain")
    .description(
      "explain an attack, a defense, a metric, a model, a data source, a threat model (A to H) or a capability",
    )
    .argument("<id>", "as shown by `leakscope list`")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action(async (id: string, { json }: { json?: true }) => {
      const { title, sections } = explanation(id, await loadCatalogue());
      const present = sections.filter(([, body]) => body !== "");
      const text = [title, ...present.map(([heading, body]) => `${heading}\n  ${body.replaceAll("\n", "\n  ")}`)].join(
        "\n\n",
      );
      process.stdout.write(`${json ? JSON.stringify({ id, title, ...Object.fromEntries(present) }, null, 2) : text}\n`);
      exit(exitCodes.good);
    });
}

/** Everything about `id`. Throws UsageError with the nearest word. */
function explanation(id: string, catalogue: Catalogue): { title: string; sections: readonly Section[] } {
  const attack = catalogue.attacks.get(id);
  if (attack) return { title: `${id}: ${attack.title}, an attack`, sections: explainAttack(attack) };
  const defense = catalogue.defenses.get(id);
  if (defense) return { title: `${id}: ${defense.title}, a defense`, sections: explainDefense(defense) };
  const [metricId = "", variant] = id.split("/");
  const metric = catalogue.metrics.get(metricId);
  if (metric && (variant === undefined || metric.variants[variant])) {
    return { title: `${metricId}: ${metric.title}, a metric`, sections: explainMetric(metric) };
  }
  const letter = threatLetters.find((each) => each === id.toUpperCase());
  if (letter)
    return {
      title: `${letter}: ${threatModels[letter].title}, a threat model`,
      sections: explainThreat(letter, catalogue),
    };
  const source = sources.find((each) => each.id === id);
  if (source) {
    return {
      title: `${id}: ${source.title}, a data source`,
      sections: [["Options, beside data.source", optionTable(source.options)]],
    };
  }
  const model = inventory.models().find((each) => each.id === id);
  if (model) return { title: `${id}, a model`, sections: [["Size", `${model.parameters} parameters, ${model.for}`]] };
  const capability = Object.keys(capabilities).find((each) => each === id) as Capability | undefined;
  if (capability) {
    return {
      title: `${id}: ${capabilities[capability].title}, a capability`,
      sections: [
        ["Hands over", capabilities[capability].hands],
        ["Granted by", granting([capability])],
      ],
    };
  }
  const words = [
    ...[...catalogue.attacks.keys(), ...catalogue.defenses.keys(), ...catalogue.metrics.keys()],
    ...[...threatLetters, ...sources.map((each) => each.id), ...Object.keys(models), ...Object.keys(capabilities)],
  ];
  throw new UsageError(`nothing is called "${id}"; ${suggestion(id, words)}`);
}

const granting = (needs: readonly Capability[]): string => {
  const letters = threatLetters.filter((letter) => needs.every((need) => grants(letter, need)));
  return letters.length === 0
    ? "no threat model"
    : letters.map((letter) => `${letter} (${threatModels[letter].title})`).join(", ");
};

const capabilityTable = (list: readonly Capability[]): string =>
  table(list.map((capability) => [capability, capabilities[capability].hands]));

function explainAttack({
  summary,
  paper,
  category,
  reconstructed = "",
  needs,
  uses = [],
  adaptsTo = [],
  works,
  options,
  control,
  proofs,
}: Attack): Section[] {
  const controlOptions = Object.entries(control.options).map(([name, value]) => `${name} ${value}`);
  return [
    ["What", wrap(summary)],
    ["Paper", `${paper.authors}: ${paper.title}, ${paper.venue} ${paper.year}${reference(paper)}\n${paper.url}`],
    ["Category", category],
    ["Reconstructed, not published", wrap(reconstructed)],
    ["Needs", capabilityTable(needs)],
    ["Granted by", granting(needs)],
    ["Makes use of, where granted", capabilityTable(uses)],
    ["Works on", `${works.algorithms.join(", ")}; ${works.modalities.join(", ")}; batches of up to ${works.maxBatch}`],
    ["Adapts to, when the defense is known", adaptsTo.join(", ") || "no defense"],
    ["Options", optionTable(options)],
    [
      "Control, the case that it must win",
      [
        `${control.model}, batch ${control.batchSize}, no defense`,
        ...controlOptions,
        `best image at ${control.bar} dB or more`,
      ].join("; "),
    ],
    ["Proofs", table(proofs.map(proofRow))],
    ["Limits", "a result without a leak counts only where this attack has won its controls; `unknown` otherwise"],
  ];
}

function proofRow({ id, claim, setting, bars }: Attack["proofs"][number]): string[] {
  const known = setting.labels === "known" ? ", labels known ◦" : "";
  return [
    `[${[...new Set(bars.map(({ evidence }) => evidence))].join(", ")}]`,
    id,
    `${claim}${known}`,
    bars.map(describeBar).join("; "),
  ];
}

const explainDefense = ({
  summary,
  source,
  at,
  family,
  stage,
  needs,
  randomness,
  options,
  advice,
}: Defense): Section[] => [
  ["What", wrap(summary)],
  ["Source", wrap(source)],
  ["Attaches at", `${at} (${stage}); ${family}; randomness: ${randomness}`],
  ["Needs", needs.join(", ")],
  ["Options", optionTable(options)],
  ["To turn it on", wrap(advice)],
];

const explainMetric = ({ source, unit, moreLeakage, range, needs, variants, defaultVariant }: Metric): Section[] => [
  ["Definition", wrap(source)],
  ["Range", `${range[0]} to ${range[1]}${unit ? ` ${unit}` : ""}; ${moreLeakage} means that more was given away`],
  ["Needs", needs.join(", ")],
  [
    "Variants",
    table(Object.entries(variants).map(([id, { title }]) => [id === defaultVariant ? `${id} (default)` : id, title])),
  ],
];

function explainThreat(letter: ThreatLetter, { attacks }: Catalogue): Section[] {
  const { who, realism, capabilities: granted } = threatModels[letter];
  const able = [...attacks.values()].filter(({ needs }) => needs.every((need) => grants(letter, need)));
  return [
    ["Who", wrap(who)],
    ["Realism", `${"★".repeat(realism.stars)} of four; source: ${realism.source}`],
    ["Capabilities, and what each hands over (our reading)", capabilityTable(granted)],
    ["Attacks that it can carry", able.map(({ id }) => id).join(", ") || "none of those here"],
  ];
}

/** Options of a schema: name, type and range, default, description. */
export function optionRows(schema: z.ZodObject): string[][] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, property]) => {
    if (typeof property === "boolean") return [name];
    const standard = property.default === undefined ? "" : `default ${JSON.stringify(property.default)}`;
    return [name, typeText(property), required.includes(name) ? "required" : standard, property.description ?? ""];
  });
}

/** The same for a terminal. */
export const optionTable = (schema: z.ZodObject): string => table(optionRows(schema));

function typeText({ type, enum: words, anyOf, ...limits }: z.core.JSONSchema.BaseSchema): string {
  if (words) return words.map(String).join(" | ");
  if (anyOf) return anyOf.map((each) => (typeof each === "boolean" ? "any" : typeText(each))).join(" or ");
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = limits;
  const low = minimum !== undefined ? `≥ ${minimum}` : exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : "";
  const high = maximum !== undefined ? `≤ ${maximum}` : exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : "";
  // Whole numbers carry the limits of a double even where none was asked for.
  const bounds = [low, high].filter((text) => text !== "" && !text.includes(String(Number.MAX_SAFE_INTEGER)));
  return [type ?? "any", ...bounds].join(" ");
}

// Checks the words of a configuration against what there is: attacks, defenses and metrics with their options, models, data sources.
import { z } from "zod";
import { limitNames, readLimit } from "../audit/assert.js";
import { matches, type SelectorPart, selectorKinds, selectorParts } from "../audit/assertions.js";
import type { Catalogue } from "../audit/catalogue.js";
import type { Config } from "../audit/config.js";
import { suggestion } from "../audit/nearest.js";
import { unevenIn } from "../audit/setting.js";
import { sources } from "../data/open.js";
import { models } from "../models/index.js";
import { type Path, type Problem, problemsOf } from "./problems.js";

/** Problems of options that a user gave for something with a schema of its own. Unknown options are problems, too. */
function checkOptions(schema: z.ZodObject, options: Readonly<Record<string, unknown>>, base: Path): Problem[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const parsed = schema.strict().safeParse(options);
  return parsed.success ? [] : problemsOf(parsed.error, options, json, base);
}

/** The problem of a word that is none of `words`; empty when it is one. */
function checkWord(kind: string, word: string, words: readonly string[], path: Path): Problem[] {
  if (words.includes(word)) return [];
  return [{ path, message: `unknown ${kind} "${word}"; ${suggestion(word, words)}` }];
}

function checkModel({ model: { name, file } }: Config): Problem[] {
  if (file !== undefined) return [];
  if (!name.endsWith(".onnx")) return checkWord("model", name, Object.keys(models), ["model", "name"]);
  return [{ path: ["model", "name"], message: `"${name}" is a file; write model: { file: ${name} }` }];
}

function checkEntries(
  kind: "attack" | "defense",
  entries: Config["attacks"],
  known: ReadonlyMap<string, { readonly options: z.ZodObject }>,
): Problem[] {
  return entries.flatMap((entry, i) => {
    const place = [`${kind}s`, i];
    const { id, setting: _, ...options } = typeof entry === "string" ? { id: entry, setting: undefined } : entry;
    if (kind === "defense" && id === "none") return [];
    const words = kind === "defense" ? ["none", ...known.keys()] : [...known.keys()];
    const found = known.get(id);
    return found
      ? checkOptions(found.options, options, place)
      : checkWord(kind, id, words, typeof entry === "string" ? place : [...place, "id"]);
  });
}

function checkMetric(name: string, { metrics }: Catalogue, path: Path): Problem[] {
  const [id = "", ...rest] = name.split("/");
  const metric = metrics.get(id);
  if (!metric) return checkWord("metric", id, [...metrics.keys()], path);
  const variant = rest.join("/");
  return variant === "" ? [] : checkWord(`variant of ${id}`, variant, Object.keys(metric.variants), path);
}

/** Problems of a data source and its options. */
function checkSource(id: string, options: Readonly<Record<string, unknown>>, base: Path): Problem[] {
  const source = sources.find((candidate) => candidate.id === id);
  const ids = sources.map((candidate) => candidate.id);
  return source ? checkOptions(source.options, options, base) : checkWord("data source", id, ids, [...base, "source"]);
}

function checkData({ data, surrogate, federation, updates }: Config): Problem[] {
  const { source, records, normalization: _, ...options } = data;
  const { source: other, records: __, shift: ___, generator: ____, ...otherOptions } = surrogate;
  const uneven = unevenIn({ data, federation, updates });
  return [
    ...checkSource(source, options, ["data"]),
    ...(other === undefined
      ? Object.keys(otherOptions).map((key) => ({
          path: ["surrogate", key],
          atKey: true,
          message: "has no effect without surrogate.source; name a source or remove this field",
        }))
      : checkSource(other, otherOptions, ["surrogate"])),
    ...(uneven === null ? [] : [{ path: ["data", "records"], message: uneven }]),
  ];
}

/** Who reads the configuration: an audit or attack, or a capture. */
export type Use = "audit" | "capture";

/** Fields that ask for more than `use` plays. */
function checkPlayable({ federation, updates, defenses }: Config, use: Use): Problem[] {
  const { algorithm, clients, perRound, localEpochs } = federation;
  const problem = (holds: boolean, path: Path, message: string) => (holds ? [{ path, message }] : []);
  const defended = defenses.some((choice) => choice !== "none");
  return [
    ...problem(algorithm === "FedSGD" && localEpochs > 1, ["federation", "localEpochs"], "more than one needs FedAvg"),
    ...problem(
      (perRound ?? 0) > clients,
      ["federation", "perRound"],
      `draws from the federation's clients; there are ${clients}`,
    ),
    ...(use === "capture"
      ? [
          ...problem(updates !== undefined, ["updates"], "names a capture already; remove it to capture anew"),
          ...problem(defended, ["defenses"], "a capture holds undefended uploads; remove them, audits play defenses"),
        ]
      : [
          ...problem(
            updates !== undefined && defended,
            ["defenses"],
            "captured updates are attacked as they are; remove defenses, or updates",
          ),
        ]),
  ];
}

/** An assertion that selects nothing, or bounds nothing that is measured, could not fail. */
function checkAssertions({ assert, attacks, defenses, threats, metrics }: Config, catalogue: Catalogue): Problem[] {
  const idOf = (choice: string | { readonly id: string }): string => (typeof choice === "string" ? choice : choice.id);
  const words = { attack: attacks.map(idOf), defense: defenses.map(idOf), threat: threats as readonly string[] };
  const scored = new Set(metrics.map((name) => name.split("/")[0]!));
  const known = [...catalogue.metrics.values()].filter(({ id }) => scored.has(id));
  const named = ({ kind, glob }: SelectorPart) =>
    words[kind].some((word) => matches(glob, word))
      ? []
      : [`selects no ${kind} of this audit; ${suggestion(glob, words[kind])}`];
  return Object.entries(assert).flatMap(([selector, [, { aggregate: _, ...limits }]]) => {
    const parts = selectorParts(selector);
    const wrong = parts
      ? parts.flatMap(named)
      : [`expected ${selectorKinds.map((kind) => `${kind}/…`).join(", ")}, got "${selector}"`];
    return [
      ...wrong.map((message) => ({ path: ["assert", selector], atKey: true, message })),
      ...Object.keys(limits).flatMap((name) =>
        readLimit(name, known) ? [] : checkWord("limit", name, limitNames(known), ["assert", selector, 1, name]),
      ),
    ];
  });
}

/** Everything that the configuration's schema cannot know. Empty when all is well. */
export function checkChoices(config: Config, catalogue: Catalogue, use: Use): Problem[] {
  return [
    ...checkPlayable(config, use),
    ...checkModel(config),
    ...checkData(config),
    ...checkEntries("attack", config.attacks, catalogue.attacks),
    ...checkEntries("defense", config.defenses, catalogue.defenses),
    ...checkAssertions(config, catalogue),
    ...config.metrics.flatMap((name, i) => checkMetric(name, catalogue, ["metrics", i])),
  ];
}

// What is wrong with a value that a user wrote, in words: where it is, what was expected, what came, and the nearest valid word.
import type { z } from "zod";
import { suggestion } from "../audit/nearest.js";

export type Path = readonly (string | number)[];

export interface Problem {
  /** Field, from the top of the configuration. */
  readonly path: Path;
  /** True when the key itself is wrong, not its value. */
  readonly atKey?: boolean;
  readonly message: string;
}

/** `attacks[1].iterations`. */
export const pathText = (path: Path): string =>
  path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "fields (key: value)",
};

/** A value as it should look in an error message: short, on one line. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[part],
    value,
  );
}

/** Fields that an object schema accepts at `path`, from its JSON schema. */
function fieldsAt(schema: z.core.JSONSchema.BaseSchema, path: Path): string[] {
  let inner: z.core.JSONSchema.BaseSchema | undefined = schema;
  for (const part of path) inner = (inner?.properties?.[part] ?? inner?.items) as typeof inner;
  return Object.keys(inner?.properties ?? {});
}

function bound(
  issue: { readonly origin: string },
  limit: number | bigint,
  relation: "at least" | "at most",
  strict: boolean,
) {
  if (issue.origin === "array") return `expected ${relation} ${limit} ${Number(limit) === 1 ? "entry" : "entries"}`;
  if (strict) return `expected a number ${relation === "at least" ? "above" : "below"} ${limit}`;
  return `expected ${relation} ${limit}`;
}

function describe(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      if (value === undefined) return `is missing; expected ${typeNames[issue.expected] ?? issue.expected}`;
      return `expected ${typeNames[issue.expected] ?? issue.expected}, got ${show(value)}`;
    case "too_small":
      return `${bound(issue, issue.minimum, "at least", issue.inclusive === false)}, got ${show(value)}`;
    case "too_big":
      return `${bound(issue, issue.maximum, "at most", issue.inclusive === false)}, got ${show(value)}`;
    case "invalid_value": {
      const words = issue.values.map(String);
      if (words.length === 1) return `expected ${words[0]}, the only value of this version, got ${show(value)}`;
      return `expected one of ${words.join(", ")}, got ${show(value)}${hint(value, words)}`;
    }
    default:
      return `${issue.message}, got ${show(value)}`;
  }
}

const hint = (value: unknown, words: readonly string[]): string => {
  const text = typeof value === "string" ? suggestion(value, words) : "";
  return text.startsWith("did you mean") ? `; ${text}` : "";
};

/** One issue as problems. `value` and `schema` are those of the place that `base` names. */
function expand(issue: z.core.$ZodIssue, value: unknown, schema: z.core.JSONSchema.BaseSchema, base: Path): Problem[] {
  const inner = issue.path as Path;
  const path = [...base, ...inner];
  if (issue.code === "unrecognized_keys") {
    const fields = fieldsAt(schema, inner);
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: `unknown field; ${suggestion(key, fields)}`,
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that the value was meant for is the one whose own type fits.
    const meant = issue.errors.find((branch) =>
      branch.every((each) => each.path.length > 0 || each.code !== "invalid_type"),
    );
    if (meant) return meant.flatMap((each) => expand({ ...each, path: [...inner, ...each.path] }, value, schema, base));
    const names = issue.errors.flatMap(([first]) =>
      first?.code === "invalid_type" ? [typeNames[first.expected] ?? first.expected] : [],
    );
    return [{ path, message: `expected ${names.join(" or ")}, got ${show(valueAt(value, inner))}` }];
  }
  return [{ path, message: describe(issue, valueAt(value, inner)) }];
}

/** All problems of a failed parse of `value`; `base` is where the value stands in the configuration. */
export function problemsOf(
  error: z.ZodError,
  value: unknown,
  schema: z.core.JSONSchema.BaseSchema,
  base: Path = [],
): Problem[] {
  return error.issues.flatMap((issue) => expand(issue, value, schema, base));
}

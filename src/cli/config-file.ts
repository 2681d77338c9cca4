// The configuration as a user writes it: YAML, checked with the line and column of everything that is wrong.
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import { z } from "zod";
import type { Catalogue } from "../audit/catalogue.js";
import { type Config, type ConfigInput, configSchema } from "../audit/config.js";
import { checkChoices, type Use } from "./check-choices.js";
import { type Path, type Problem, pathText, problemsOf } from "./problems.js";

/** A configuration that cannot be used. The message lists every problem, one a line, with its place. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A value that a user wrote, and where each of its fields stands in the text. */
export interface ConfigSource {
  readonly value: unknown;
  /** `file:line:column` of a field, of its key where `atKey`; the nearest enclosing field where it does not exist. */
  place(path: Path, atKey?: boolean): string;
}

const configJsonSchema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });

/** Reads YAML. Throws ConfigError with the place of the first errors in its syntax. */
export function readYaml(text: string, file: string): ConfigSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message}`).join("\n"));
  }
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    throw new ConfigError(`${file}: ${(error as Error).message}`, { cause: error });
  }
  return {
    value,
    place(path, atKey = false) {
      let node: Node | ParsedNode | null | undefined = document.contents;
      let offset = node?.range?.[0] ?? 0;
      for (const [depth, part] of path.entries()) {
        if (isAlias(node)) node = node.resolve(document);
        if (isSeq(node)) node = node.items[Number(part)] as Node | undefined;
        else if (isMap(node)) {
          const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
          const key = pair?.key as Node | undefined;
          node = (pair?.value ?? pair?.key) as Node | undefined;
          if (atKey && depth === path.length - 1) node = key;
        } else node = undefined;
        if (!node) break;
        offset = node.range?.[0] ?? offset;
      }
      return at(offset);
    },
  };
}

/** What a verb reads where it is told no file. */
export const DEFAULT_FILE = "leakscope.config.yaml";

/** Reads a file of YAML. Throws ConfigError. */
export async function readConfigText(file: string): Promise<ConfigSource> {
  try {
    return readYaml(await readFile(file, "utf8"), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ConfigError(
      `cannot read the configuration ${file} (${code}); without -c, ${DEFAULT_FILE} or the defaults are used`,
    );
  }
}

/** A configuration that comes from no file; `name` stands for it in messages. */
export const plainSource = (value: ConfigInput, name: string): ConfigSource => ({ value, place: () => name });

const oneLine = ({ place }: ConfigSource, { path, atKey = false, message }: Problem): string =>
  [place(path, atKey), pathText(path), message].filter((part) => part !== "").join(": ");

/** The configuration with all defaults, fit for `use`. Throws ConfigError with every problem and its place. */
export function checkConfig(source: ConfigSource, catalogue: Catalogue, use: Use = "audit"): Config {
  const parsed = configSchema.safeParse(source.value);
  const problems = parsed.success
    ? checkChoices(parsed.data, catalogue, use)
    : problemsOf(parsed.error, source.value, configJsonSchema);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError(problems.map((problem) => oneLine(source, problem)).join("\n"));
}

/** The same configuration with the paths of its files taken from the folder of the file that it was read from. */
export function anchorPaths(config: Config, file: string): Config {
  const anchor = (path: unknown): unknown =>
    typeof path === "string" && !isAbsolute(path) ? join(dirname(file), path) : path;
  const anchored = <Part extends Readonly<Record<string, unknown>>>(part: Part, fields: readonly string[]): Part => {
    const present = fields.filter((field) => field in part);
    return { ...part, ...Object.fromEntries(present.map((field) => [field, anchor(part[field])])) };
  };
  return {
    ...config,
    model: anchored(config.model, ["file", "weights"]),
    data: anchored(config.data, ["path", "labels"]),
    ...(config.updates === undefined ? {} : anchored({ updates: config.updates }, ["updates"])),
    surrogate: anchored(config.surrogate, ["path", "labels", "generator"]),
  };
}

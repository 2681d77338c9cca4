// The one list of data sources, and the one door: from the `data:` part of a config to an open data set.
import type { z } from "zod";
import type { Dataset } from "./dataset.js";
import type { Source } from "./define.js";
import { nearestWord } from "./nearest-word.js";
import cifar10 from "./sources/cifar10.js";
import cifar100 from "./sources/cifar100.js";
import emoji from "./sources/emoji.js";
import folder from "./sources/folder.js";
import idx from "./sources/idx.js";
import photos from "./sources/photos.js";
import portraits from "./sources/portraits.js";

export const sources: readonly Source[] = [portraits, emoji, photos, cifar10, cifar100, idx, folder];

/** The source of that id. Throws RangeError that names the nearest valid word. */
function sourceOf(id: string): Source {
  const source = sources.find((candidate) => candidate.id === id);
  if (source !== undefined) return source;
  const ids = sources.map((candidate) => candidate.id);
  throw new RangeError(
    `unknown data source "${id}"; did you mean "${nearestWord(id, ids)}"? There are ${ids.join(", ")}`,
  );
}

/**
 * Opens the data set that `spec` describes: the source's id and that source's options beside it. Throws RangeError for
 * an unknown source, TypeError for options that do not fit, DataError for files that cannot be used.
 */
export async function openDataset(spec: {
  readonly source: string;
  readonly [option: string]: unknown;
}): Promise<Dataset> {
  const { source: id, ...options } = spec;
  const source = sourceOf(id);
  const parsed = source.options.safeParse(options);
  if (!parsed.success) throw new TypeError(`data source ${id}: ${describe(parsed.error, source)}`);
  return source.open(parsed.data);
}

function describe(error: z.ZodError, source: Source): string {
  const valid = Object.keys(source.options.shape);
  const lines = error.issues.map((issue) => {
    if (issue.code !== "unrecognized_keys") return `${issue.path.join(".") || "options"}: ${issue.message}`;
    return issue.keys.map((key) => `unknown option "${key}"; did you mean "${nearestWord(key, valid)}"?`).join("; ");
  });
  return lines.join("; ");
}

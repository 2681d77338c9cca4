// What a data source is: one file, one value. The CLI, the config schema and the list of sources derive from it.
import type { z } from "zod";
import type { Dataset } from "./dataset.js";

export interface Source<Options extends z.ZodObject = z.ZodObject> {
  /** The word after `source:` in a config. */
  readonly id: string;
  readonly title: string;
  /** Options beside `source`, each with a default or marked as required, and with a description. */
  readonly options: Options;
  /** Opens the set. Throws DataError for anything wrong with the files. */
  open(options: z.output<Options>): Promise<Dataset>;
}

export function defineSource<const Options extends z.ZodObject>(source: Source<Options>): Source<Options> {
  return source;
}

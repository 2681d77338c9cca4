// A generator that a user brought cannot be used: which file, what was expected, what came, and what to do.
import { OnnxImportError } from "../../engine/onnx/import.js";

export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
}

/** Throws a GeneratorError about `file`. */
export const failAt =
  (file: string) =>
  (expected: string, actual: string, remedy?: string, cause?: unknown): never => {
    const text = `${file}: expected ${expected}, found ${actual}${remedy ? `; ${remedy}` : ""}`;
    throw new GeneratorError(text, { cause });
  };

/** What `work` gives; an error of the readers below, which name file and place themselves, becomes a GeneratorError. */
export function asGeneratorError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OnnxImportError) throw new GeneratorError(error.message, { cause: error });
    throw error;
  }
}

// A capture: a folder with capture.json and the payloads and updates that it names, as `leakscope capture` writes it. It is all that another
// machine needs to attack the updates, and what says which records they were made of.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { TrainingDetails } from "../threat/observation.js";

export const CAPTURE_FILE = "capture.json";

/** Files lie beside capture.json: a name that leads elsewhere is refused. */
const fileName = z.string().regex(/^[\w-][\w.-]*$/, "a plain file name beside capture.json");
const numbers = z.array(z.number());

const upload = z.object({
  client: z.int().min(0),
  file: fileName.describe("safetensors: the update by parameter name"),
  records: z.array(z.int().min(0)).describe("of the data, on which the client trained; for scoring only"),
  samples: z.int().min(1),
  steps: z.int().min(1).describe("local steps behind the update"),
});

export const captureSchema = z.object({
  schemaVersion: z.literal(1),
  tool: z.object({ name: z.literal("leakscope"), version: z.string() }),
  model: z.object({
    name: z.string(),
    file: fileName.optional().describe("a copy of the user's ONNX file"),
    inputShape: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
    classes: z.int().min(2),
  }),
  normalization: z.object({ mean: numbers, deviation: numbers }).nullable(),
  federation: z.object({
    algorithm: z.enum(["FedSGD", "FedAvg"]),
    batchSize: z.int().min(1),
    localEpochs: z.int().min(1),
    learningRate: z.number().gt(0),
    momentum: z.number(),
    weightDecay: z.number(),
    mode: z.enum(["eval", "train"]),
  }),
  seed: z.int(),
  rounds: z.array(
    z.object({
      round: z.int().min(0),
      global: fileName.describe("safetensors: the weights that the round started from"),
      updates: z.array(upload),
    }),
  ),
});

export type CaptureJson = z.infer<typeof captureSchema>;
export type CapturedUpload = z.infer<typeof upload> & {
  readonly round: number;
  /** Paths, no longer names. */
  readonly globalPath: string;
  readonly path: string;
};

/** A folder that is no capture, or a damaged one. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/** Reads the capture in `folder`. Throws CaptureError that names the file and the field. */
export async function readCapture(folder: string): Promise<CaptureJson> {
  const file = join(folder, CAPTURE_FILE);
  const fail = (reason: string, cause?: unknown): never => {
    throw new CaptureError(`${file}: ${reason}; write a capture with \`leakscope capture -o ${folder}\``, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail(
      code === "ENOENT" ? "expected a capture, found nothing there" : `expected JSON, found ${code ?? message}`,
      error,
    );
  }
  const parsed = captureSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail(
    `expected a capture of this version: ${issue!.path.join(".") || "the whole"}: ${issue!.message}`,
    parsed.error,
  );
}

/** Every captured update, in order. */
export const uploadsOf = ({ rounds }: CaptureJson, folder: string): CapturedUpload[] =>
  rounds.flatMap(({ round, global, updates }) =>
    updates.map((each) => ({ ...each, round, globalPath: join(folder, global), path: join(folder, each.file) })),
  );

/** All files of the capture in `folder`. Throws CaptureError. */
export async function filesOf(folder: string): Promise<string[]> {
  const capture = await readCapture(folder);
  const uploads = uploadsOf(capture, folder);
  return [...new Set([join(folder, CAPTURE_FILE), ...uploads.flatMap(({ globalPath, path }) => [globalPath, path])])];
}

/** The capture that a file of updates lies in, with what it says about that file; null where it lies in none. */
export async function captureAround(
  file: string,
): Promise<{ readonly capture: CaptureJson; readonly folder: string; readonly upload: CapturedUpload } | null> {
  const folder = dirname(file);
  if (!existsSync(join(folder, CAPTURE_FILE))) return null;
  const capture = await readCapture(folder);
  const found = uploadsOf(capture, folder).find((each) => each.file === basename(file));
  return found ? { capture, folder, upload: found } : null;
}

/** What the capability of that name tells about the client behind an update. */
export function capturedDetails({ federation }: CaptureJson, { samples, steps }: CapturedUpload): TrainingDetails {
  const { algorithm, momentum, weightDecay, ...shared } = federation;
  if (algorithm === "FedSGD") return { algorithm, sampleCount: samples, ...shared };
  return { algorithm, sampleCount: samples, momentum, weightDecay, steps, ...shared };
}

// What a user says of a generator that they bring, in a JSON file beside it: what an ONNX graph cannot say (spec/attacks-generative.md 1.4).
//   { "latent": [128], "prior": { "kind": "normal" }, "output": "tanh", "resolution": [3, 32, 32] }
import { z } from "zod";
import type { ImageShape } from "../../data/dataset.js";
import type { Shape } from "../../math/tensor.js";
import { failAt } from "./generator-error.js";

const extent = z
  .int()
  .min(1)
  .max(2 ** 16);

const schema = z.strictObject({
  latent: z.union([extent, z.array(extent).min(1).max(3)]).describe("one latent's shape, without the batch axis"),
  prior: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("normal") }),
      z.strictObject({ kind: z.literal("truncated-normal"), bound: z.number().min(0.01) }),
      z
        .strictObject({ kind: z.literal("uniform"), low: z.number(), high: z.number() })
        .refine(({ low, high }) => low < high, { error: "expected low below high" }),
    ])
    .default({ kind: "normal" }),
  output: z
    .union([
      z.enum(["unit", "tanh"]),
      z.strictObject({ mean: z.array(z.number()), deviation: z.array(z.number().gt(0)) }),
    ])
    .describe("`unit`: 0 to 1; `tanh`: -1 to 1; or mean and deviation per channel, by which pixels were normalised"),
  resolution: z.tuple([extent, extent, extent]).describe("channels, height, width"),
  classes: z
    .strictObject({
      count: z
        .int()
        .min(2)
        .max(2 ** 20),
      encoding: z.enum(["index", "one-hot"]),
    })
    .optional()
    .describe("of a generator that is told what to paint"),
  names: z
    .strictObject({ latent: z.string().optional(), class: z.string().optional(), image: z.string().optional() })
    .default({})
    .describe(
      "of inputs and output, where the graph has others: default the first input, the second, and the first output",
    ),
});

export type GeneratorManifest = z.output<typeof schema>;

/** Checks a manifest; `file` is how errors call it. Throws GeneratorError naming the field. */
export function readManifest(text: string, file: string): GeneratorManifest {
  const fail = failAt(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail(
      "JSON",
      error instanceof Error ? error.message : String(error),
      "describe the generator by a JSON object",
      error,
    );
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue!.path.length > 0 ? `field ${issue!.path.join(".")}: ` : "";
    const example = '{ "latent": [128], "output": "tanh", "resolution": [3, 32, 32] }';
    return fail("a manifest of a generator", `${place}${issue!.message}`, `the least is ${example}`);
  }
  const { output, resolution } = parsed.data;
  if (typeof output === "object") {
    for (const [name, list] of Object.entries(output)) {
      if (list.length !== resolution[0]) {
        fail(`${resolution[0]} numbers in output.${name}, one per channel`, `${list.length}`);
      }
    }
  }
  return parsed.data;
}

export interface BroughtGenerator {
  readonly bytes: Uint8Array;
  readonly manifest: GeneratorManifest;
  /** How errors call it. */
  readonly file: string;
  /** What pictures are brought to; default: the manifest's resolution. */
  readonly resolution?: ImageShape;
}

/** One latent, without the batch axis. */
export const latentShape = ({ latent }: GeneratorManifest): Shape => (typeof latent === "number" ? [latent] : latent);

/** What pictures are brought to. Throws GeneratorError where the channels differ. */
export function pixelShape({ manifest, resolution = manifest.resolution, file }: BroughtGenerator): ImageShape {
  if (resolution[0] !== manifest.resolution[0]) {
    failAt(file)(`pictures of ${resolution[0]} channels, as the task has`, `${manifest.resolution[0]}`);
  }
  return resolution;
}

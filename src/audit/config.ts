// The configuration of an audit: every field has a default, unknown fields are errors. YAML reading with line numbers is the CLI's.
import { basename } from "node:path";
import { z } from "zod";
import { defaultAttacks } from "../attacks/default-attacks.js";
import { shiftSchema } from "../data/shift.js";
import { deviceNames } from "../engine/backends/device-names.js";
import { type ThreatLetter, threatLetters } from "../threat/capabilities.js";
import { assertSchema } from "./assertions.js";

/** An id alone, or an id with options of its own. Options are checked against the attack's or defense's schema when planning. */
const choice = z.union([z.string(), z.looseObject({ id: z.string() })]);

const records = z
  .union([z.array(z.int().min(0)).min(1), z.int().min(1)])
  .describe("record indices, or how many to take from the start");

const dataSchema = z.looseObject({
  source: z
    .string()
    .default("portraits")
    .describe("see `leakscope list data`; further fields are the source's own options"),
  records: records.default([0, 1, 2, 3]),
  normalization: z
    .enum(["none", "dataset"])
    .default("none")
    .describe("what clients do to pixels in [0, 1] before the model"),
});

const federationSchema = z.strictObject({
  algorithm: z.enum(["FedSGD", "FedAvg"]).default("FedSGD"),
  clients: z.int().min(1).default(1).describe("the records are dealt to them"),
  partition: z
    .enum(["iid", "dirichlet", "shards"])
    .default("iid")
    .describe("how: evenly, by class draws, two shards each"),
  alpha: z
    .number()
    .gt(0)
    .default(0.5)
    .describe("of partition dirichlet: 100 is nearly even, 0.1 is one or two classes each"),
  batchSize: z.int().min(1).default(1),
  samples: z
    .int()
    .min(1)
    .optional()
    .describe("records per client; default: batchSize for one client of FedSGD, else all records are dealt out"),
  localEpochs: z.int().min(1).default(1).describe("of FedAvg"),
  learningRate: z.number().gt(0).default(0.1),
  momentum: z.number().min(0).lt(1).default(0).describe("of FedAvg's local steps"),
  weightDecay: z.number().min(0).default(0).describe("of FedAvg's local steps"),
  mode: z
    .enum(["eval", "train"])
    .default("eval")
    .describe("of BatchNorm; most attacks compute in eval mode, and are not applicable to train"),
  bnStats: z.enum(["shared", "hidden"]).default("hidden"),
  rounds: z.int().min(1).default(1),
  batches: z
    .enum(["fresh", "fixed"])
    .default("fresh")
    .describe("of one client: drawn anew every time, or always the same"),
  perRound: z.int().min(1).optional().describe("clients drawn for a round; default: all of them"),
  dropout: z.number().min(0).max(1).default(0).describe("probability that an upload gets lost"),
});

const DEFAULT_MODEL = "lenet";

const modelSchema = z
  .strictObject({
    name: z
      .string()
      .default(DEFAULT_MODEL)
      .describe("see `leakscope list models`; where `file` is given, that file's own name"),
    classes: z.int().min(2).optional().describe("outputs, where more than the data's classes are wanted"),
    file: z.string().optional().describe("an ONNX file, instead of a name; its input size and classes count"),
    weights: z
      .string()
      .optional()
      .describe(
        "safetensors, npz, npy, PyTorch file or folder of npy files; default: the ONNX file's, or fresh ones from the seed",
      ),
  })
  .refine(({ name, file }) => file === undefined || name === DEFAULT_MODEL || name === basename(file), {
    error: "name and file exclude each other; keep one",
    path: ["file"],
  })
  .refine(({ file, classes }) => file === undefined || classes === undefined, {
    error: "an ONNX file has its own number of classes; remove this field",
    path: ["classes"],
  })
  .overwrite((model) => (model.file === undefined ? model : { ...model, name: basename(model.file) }));

const utilitySchema = z.strictObject({
  rounds: z.int().min(1).default(40).describe("fewer where the seconds run out; compared where both got to"),
  clients: z.int().min(1).default(4),
  samples: z.int().min(1).default(96).describe("records per client; fewer where the data do not reach"),
  batchSize: z.int().min(1).default(32),
  learningRate: z.number().gt(0).default(0.1),
  heldOut: z.int().min(1).default(128).describe("records that no client trains on; fewer where the data do not reach"),
  seeds: z.int().min(1).default(3).describe("federations with weights, records and batches of their own"),
  seconds: z.number().gt(0).default(15).describe("for all seeds together, with each defense and once without"),
});

/** An attack may have a setting of its own: some work on FedAvg or on several rounds only, some on nets with BatchNorm. */
const attackChoice = z.union([
  z.string(),
  z.looseObject({
    id: z.string(),
    setting: z
      .strictObject({
        model: modelSchema.optional(),
        // Not `partial()`: that would fill in defaults over what the configuration says.
        federation: z.record(z.string(), z.unknown()).optional(),
        records: records.optional(),
        labels: z.enum(["recovered", "known"]).optional(),
        defenses: z.array(choice).min(1).optional().describe("those that this attack plays against"),
      })
      .optional()
      .describe("what is different for this attack; its federation's other fields are those of the configuration"),
  }),
]);

/** What an attack's own setting changes. */
export type AttackSetting = NonNullable<Exclude<z.infer<typeof attackChoice>, string>["setting"]>;

export const configSchema = z.strictObject({
  model: modelSchema.prefault({}),
  data: dataSchema.prefault({}),
  surrogate: z
    .looseObject({
      source: z.string().optional(),
      records: records.default(512),
      shift: shiftSchema.prefault({}),
      generator: z
        .string()
        .optional()
        .describe(
          "an ONNX generator of one's own, its manifest beside it (.json): the prior of attacks that search a generator",
        ),
    })
    .prefault({})
    .describe("pictures that adversaries D, E, G and H own; default: other records of the same source"),
  federation: federationSchema.prefault({}),
  updates: z
    .string()
    .optional()
    .describe("a folder written by `leakscope capture`: its updates are attacked, instead of simulated ones"),
  threats: z
    .array(z.enum(threatLetters as [ThreatLetter, ...ThreatLetter[]]))
    .min(1)
    .default(["A", "B"]),
  attacks: z
    .array(attackChoice)
    .min(1)
    .default([...defaultAttacks]),
  defenses: z.array(choice).min(1).default(["none"]),
  metrics: z.array(z.string()).min(1).default(["psnr", "ssim", "mse", "iip"]),
  vulnerability: z
    .boolean()
    .default(true)
    .describe("measure, before any attack, how vulnerable the first batches are; seconds per batch"),
  utility: z
    .union([z.literal(false), utilitySchema])
    .prefault({})
    .describe("a short training with and without each defense, which says what it costs in accuracy; false: none"),
  labels: z.enum(["recovered", "known"]).default("recovered"),
  device: z
    .enum(deviceNames)
    .default("cpu")
    .describe("where to compute; a GPU computes in float32, what needs float64 stays on the processor"),
  report: z.strictObject({ originals: z.enum(["show", "blur", "omit"]).optional() }).prefault({}),
  seed: z.int().min(0).default(1),
  assert: assertSchema,
  budget: z.strictObject({ seconds: z.number().gt(0).default(120).describe("per cell") }).prefault({}),
});

/** A configuration with every default filled in. */
export type Config = z.infer<typeof configSchema>;
/** What a user writes. */
export type ConfigInput = z.input<typeof configSchema>;

/** The configuration as it is for an attack with a setting of its own. Throws TypeError for a federation that does not fit. */
export function configFor(
  config: Config,
  { model, federation = {}, records: own, labels, defenses }: AttackSetting = {},
): Config {
  const merged = federationSchema.safeParse({ ...config.federation, ...federation });
  if (!merged.success) throw new TypeError(`setting.federation of an attack: ${z.prettifyError(merged.error)}`);
  return {
    ...config,
    ...(model ? { model } : {}),
    ...(labels ? { labels } : {}),
    ...(defenses ? { defenses } : {}),
    ...(own === undefined ? {} : { data: { ...config.data, records: own } }),
    federation: merged.data,
  };
}

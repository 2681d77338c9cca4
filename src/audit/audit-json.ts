// The shape of `audit.json`, the truth that every report is made from. Versioned; fields may be added, never renamed. The JSON schema is
// derived from it (`leakscope list --schema`). Numbers are finite: an undefined figure is null and carries a reason.
import { z } from "zod";
import { aggregates, assertionLevels } from "./assertions.js";
import { configSchema } from "./config.js";

export const schemaVersion = 1;

const figure = z.number().nullable();

const score = z.object({
  variant: z.string().describe("e.g. ssim/gauss11-valid"),
  moreLeakage: z.enum(["higher", "lower"]),
  perImage: z.array(figure).describe("one figure per image of the case; null is undefined"),
  mean: figure.describe("over the finite figures"),
  best: figure.describe("the image that leaks most"),
  exact: z.int().optional().describe("images that came back exactly (PSNR: at the cap of 120 dB)"),
  reasons: z.array(z.string()).optional().describe("why figures are null"),
  note: z.string().optional(),
});

const control = z.object({
  status: z.enum(["passed", "failed", "cached", "none"]).describe("cached: passed in an earlier run of the same code"),
  metric: z.string(),
  measured: figure,
  bar: figure,
  what: z.string().describe("the case that was run"),
  reason: z.string().optional(),
});

const image = z.object({
  record: z.int().describe("index in the data set"),
  label: z.string().describe("class name of the original"),
  original: z.string().nullable().describe("PNG data URI, null when omitted"),
  reconstruction: z.string().nullable().describe("PNG data URI, null when the attack gave none for this image"),
  floor: z.string().nullable().optional().describe("PNG data URI of the best guess made without the update"),
  leaked: z.boolean().describe("this image alone fulfils the definition of a leak"),
  reason: z.string().optional().describe("why a picture is missing, or leaks though it differs from its record"),
});

export const cellStatuses = ["leak", "resisted", "unknown", "not-applicable", "error"] as const;

const curve = z.array(z.object({ iteration: z.number(), loss: z.number() }));

const frame = z.object({
  iteration: z.number(),
  picture: z.string().describe("PNG data URI"),
});

const training = z
  .object({
    algorithm: z.string(),
    rounds: z.int().describe("those that both trainings got to"),
    clients: z.int(),
    samples: z.int().describe("per client"),
    batchSize: z.int(),
    learningRate: z.number(),
    heldOut: z.int().describe("records on which accuracy was measured"),
    seeds: z.array(z.int()),
    with: z.array(z.number()).describe("accuracy after the last common round, by seed"),
    without: z.array(z.number()).describe("the same seeds without the defense"),
    drop: z.object({
      mean: z.number().describe("without - with, mean over seeds"),
      deviation: figure.describe("of the drop between seeds; null for one seed"),
    }),
    chance: z.number().describe("accuracy of always naming the most frequent class"),
    learned: z.boolean().describe("whether the undefended training got beyond chance; if not, the drop says nothing"),
    bytes: z.number().describe("per client and round, messages to peers included"),
    bytesWithout: z.number(),
    seconds: figure.describe("per round, on the clock"),
    secondsWithout: figure,
  })
  .describe("a short training of the setting's model on its data");

const sight = z.object({
  score: figure,
  alarm: z.boolean(),
  beyond: figure.describe("distance from the threshold, -1 to 1; above 0 is an alarm"),
});

const detection = z
  .object({
    samples: z.int().describe("of the client's own batch"),
    payloads: z.int().describe("different ones that were looked at; 0: the server sent the honest model"),
    detected: z.boolean().describe("a detector alarmed on the armed model that did not on the honest one"),
    detectors: z.array(
      z.object({
        detector: z.string(),
        title: z.string(),
        action: z.enum(["reject", "quarantine", "warn"]),
        criterion: z.string().nullable().describe("null: it had nothing to look at"),
        flags: z.enum(["above", "below"]).nullable(),
        threshold: figure,
        ...sight.shape,
        honest: sight.describe("the same criterion on the honest model"),
        report: z.string(),
      }),
    ),
  })
  .describe("what client-side detectors see of the model that the server sent");

const cell = z.object({
  key: z.string(),
  case: z.object({ seed: z.int() }),
  threat: z.string(),
  attack: z.string(),
  defense: z.string().describe("`none` or an id"),
  attackTitle: z.string(),
  defenseTitle: z.string(),
  adaptive: z.boolean(),
  status: z.enum(cellStatuses),
  reason: z.string().optional().describe("why not-applicable, unknown or error"),
  unfinished: z
    .literal(true)
    .optional()
    .describe("unknown because its case had not ended when this was written: under way, or interrupted"),
  scores: z.record(z.string(), score),
  floor: z.record(z.string(), score).describe("the same metrics of the best guess made without any update"),
  control: control.describe("the case that this attack must win"),
  ownControl: control.describe("the easiest case on the model under audit: batch 1, no defense, labels known"),
  labels: z.object({ accuracy: figure, method: z.string() }).optional(),
  privacy: z
    .object({
      unit: z.enum(["client", "record"]).describe("whose presence is hidden"),
      epsilon: figure.describe("null: infinite, nothing is proven"),
      delta: z.number(),
      text: z.string(),
    })
    .optional()
    .describe("what the defense's accountant proves over all rounds"),
  utility: z
    .object({
      accuracyWith: figure.describe("mean over seeds of a short training"),
      accuracyWithout: figure,
      distortion: figure.describe("‖defended - raw‖ / ‖raw‖ of the update, mean over batches"),
      cosine: figure,
      bytes: z.number().describe("per upload, with the defense"),
      bytesWithout: z.number(),
      seconds: z.number().describe("spent by the defense per upload"),
      training: training.optional(),
      reason: z.string().optional().describe("why there is no accuracy"),
    })
    .optional(),
  detection: detection.optional().describe("absent: the server followed the protocol, or nothing was run"),
  budget: z.object({ seconds: z.number(), iterations: z.int(), exhausted: z.boolean() }),
  recipe: z.object({
    attackOptions: z.record(z.string(), z.unknown()),
    defenseOptions: z.record(z.string(), z.unknown()),
    setting: z.record(z.string(), z.unknown()).optional().describe("what was different for this attack"),
    labels: z.enum(["recovered", "known"]),
    backend: z.string(),
    handed: z.array(z.string()).describe("capabilities whose content the attack received"),
    galleryClasses: z.int(),
    gallerySize: z.int(),
  }),
  curve: curve.describe("objective of the first batch's best start"),
  otherCurves: z.array(curve).optional().describe("the same of its other starts, thinned"),
  frames: z
    .array(frame)
    .optional()
    .describe("a reconstruction of the first batch as it formed: the first in the attack's own order"),
  notes: z.array(z.string()),
  images: z.array(image),
});

const finding = z.object({
  severity: z.enum(["high", "medium", "low", "info", "unknown"]),
  threat: z.string().describe("a letter, or * for the whole audit"),
  title: z.string(),
  text: z.string(),
  advice: z.string(),
  remedies: z
    .array(
      z.object({
        defense: z.string(),
        title: z.string(),
        inFrameworks: z.record(z.string(), z.string()).describe("what each framework has for it"),
      }),
    )
    .optional()
    .describe("the defenses that the advice names"),
});

const vulnerability = z.object({
  measures: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      source: z.string(),
      evidence: z.string(),
      moreVulnerable: z.enum(["higher", "lower"]),
    }),
  ),
  batches: z.array(
    z.object({
      records: z.array(z.int()),
      values: z.record(z.string(), z.object({ value: figure, reason: z.string().optional() })),
      layers: z
        .array(
          z.object({
            name: z.string(),
            shape: z.array(z.int()),
            share: z.number().describe("of the gradient's squared norm; over all parameters they add up to 1"),
            rank: z.int().nullable().describe("numerical rank as a matrix; null: a vector, or too large to decompose"),
            fullRank: z.int().nullable().describe("the rank that it could have"),
          }),
        )
        .optional()
        .describe("where the gradient sits, of the first batch; absent where a gradient is too dear"),
    }),
  ),
  foresight: z
    .array(
      z.object({
        attack: z.string(),
        values: z.record(
          z.string(),
          z.object({ cells: z.int(), spearman: figure, kendall: figure, reason: z.string().optional() }),
        ),
      }),
    )
    .describe("rank correlation of each measure with mean PSNR per batch, undefended; +1: it foresaw what leaked"),
});

const assertion = z.object({
  selector: z.string(),
  level: z.enum(assertionLevels),
  limit: z.string().describe("e.g. maxPsnr"),
  bound: z.number(),
  aggregate: z.enum(aggregates),
  measured: figure,
  outcome: z.enum(["passed", "failed", "undecided"]),
  cells: z.int().describe("decided cells that it was judged by"),
  worstCell: z.string().nullable().describe("key of the cell that leaks most"),
  reason: z.string().optional().describe("why it is undecided"),
});

export const auditSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  tool: z.object({
    name: z.literal("leakscope"),
    version: z.string(),
    code: z.string().describe("hash of the built code"),
  }),
  config: configSchema,
  machine: z.object({
    platform: z.string(),
    cpu: z.string(),
    cores: z.int(),
    memoryGb: z.number(),
    node: z.string(),
    runtime: z.string(),
    backend: z.string(),
  }),
  startedAt: z.string().describe("ISO 8601"),
  seconds: z.number(),
  interrupted: z.boolean().describe("true when it was stopped before all cells had run"),
  originals: z.enum(["show", "blur", "omit"]).describe("what the report does with original pictures"),
  data: z.object({ id: z.string(), records: z.array(z.int()), classes: z.array(z.string()), synthetic: z.boolean() }),
  credits: z.array(z.string()).describe("licence credits that a report with pictures must carry"),
  cells: z.array(cell),
  vulnerability: vulnerability
    .nullable()
    .describe("measures that need no attack, on the first batches; null: not taken"),
  findings: z.array(finding),
  assertions: z.array(assertion).default([]),
  summary: z.record(
    z.string(),
    z.object({
      title: z.string(),
      score: figure.describe("1 minus the worst cell's share of identified images; null when no cell is decided"),
      worstCell: z.string().nullable().describe("key of that cell"),
      leak: z.int(),
      resisted: z.int(),
      unknown: z.int(),
      notApplicable: z.int(),
      error: z.int(),
    }),
  ),
});

export type AuditJson = z.infer<typeof auditSchema>;
export type CellJson = z.infer<typeof cell>;
export type VulnerabilityJson = z.infer<typeof vulnerability>;
export type UtilityJson = NonNullable<CellJson["utility"]>;
export type TrainingJson = z.infer<typeof training>;
export type DetectionJson = z.infer<typeof detection>;
export type ScoreJson = z.infer<typeof score>;
export type ControlJson = z.infer<typeof control>;
export type FrameJson = z.infer<typeof frame>;
export type ImageJson = z.infer<typeof image>;
export type AssertionJson = z.infer<typeof assertion>;
export type FindingJson = z.infer<typeof finding>;
export type CellStatus = (typeof cellStatuses)[number];

// A made-up audit for the tests of the report: all five statuses, shared computations, undefined figures, drawn pictures. Figures of the
// pictures that are shown are computed from them, so that the page tells no story that its pictures contradict.
import type { AuditJson, CellJson } from "../src/audit/audit-json.js";
import { configSchema } from "../src/audit/config.js";
import type { Detector } from "../src/report/detectability.js";
import { addNoise, imagesOf, meanFace, originals, scoresOf } from "./report-faces.js";

const floor = scoresOf(
  originals.map(() => meanFace),
  false,
);

const passed = {
  status: "passed",
  metric: "psnr",
  measured: 47.3,
  bar: 40,
  what: "lenet, batch 1, fresh weights, drawn portraits",
} as const;

/** A cell that leaked four faces; the base that the other cells of the sample change. */
function leakingCell(threat: string, noise: number): CellJson {
  const guesses = originals.map((pixels, i) => addNoise(pixels, noise * (1 + i / 2), `leak-${noise}-${i}`));
  return {
    key: `0f3c${threat}9a`,
    case: { seed: 1 },
    threat,
    attack: "dlg",
    defense: "none",
    attackTitle: "Deep Leakage from Gradients",
    defenseTitle: "No defense",
    adaptive: false,
    status: "leak",
    scores: scoresOf(guesses, true),
    floor,
    control: passed,
    ownControl: { ...passed, status: "cached", measured: 52.1, what: "the audited model, batch 1, labels known" },
    labels: { accuracy: 1, method: "labels/idlg" },
    budget: { seconds: 8.4, iterations: 300, exhausted: false },
    recipe: {
      attackOptions: { starts: 8, iterations: 300 },
      defenseOptions: {},
      labels: "recovered",
      backend: "node-cpu float64",
      handed: ["updates"],
      galleryClasses: 4,
      gallerySize: 2048,
    },
    curve: Array.from({ length: 120 }, (_, i) => ({ iteration: 2 * i, loss: 30 * Math.exp(-i / 7) + 2e-7 })),
    otherCurves: [3, 9].map((end) =>
      Array.from({ length: 40 }, (_, i) => ({ iteration: 6 * i, loss: 27 * Math.exp(-i / 4) + end })),
    ),
    frames: [2, 1, 0.5, 0].map((more, i) => ({
      iteration: 100 * i,
      picture: imagesOf([addNoise(originals[0]!, noise + more, `frame-${i}`)], true)[0]!.reconstruction!,
    })),
    notes: [],
    images: imagesOf(guesses, true),
  };
}

function resistedCell(threat: string, defense: string, defenseTitle: string): CellJson {
  const guesses = originals.map((_, i) => addNoise(meanFace, 0.9, `${defense}-${i}`));
  const base = leakingCell(threat, 0.02);
  return {
    ...base,
    defense,
    defenseTitle,
    status: "resisted",
    key: `77b1${threat}`,
    scores: scoresOf(guesses, false),
    images: imagesOf(guesses, false),
    utility: {
      accuracyWith: 0.81,
      accuracyWithout: 0.84,
      distortion: 0.93,
      cosine: 0.36,
      bytes: 4_812,
      bytesWithout: 60_936,
      seconds: 0.0021,
    },
    recipe: { ...base.recipe, defenseOptions: { keep: 0.01, scope: "tensor" } },
    curve: base.curve.map(({ iteration, loss }) => ({ iteration, loss: loss + 0.4 })),
    notes: ["The loss stops falling early: most entries of the update were not sent."],
  };
}

function emptyCell(
  threat: string,
  status: CellJson["status"],
  attack: string,
  attackTitle: string,
  reason: string,
): CellJson {
  const none = { status: "none", metric: "psnr", measured: null, bar: 40, what: "not run" } as const;
  return {
    ...leakingCell(threat, 0.02),
    key: `e0${status}${threat}`,
    attack,
    attackTitle,
    status,
    reason,
    scores: {},
    floor: {},
    control: none,
    ownControl: none,
    curve: [],
    otherCurves: [],
    images: [],
    budget: { seconds: 0, iterations: 0, exhausted: false },
  };
}

const layers = [
  { name: "conv1.weight", shape: [12, 3, 5, 5], share: 0.58, rank: 12, fullRank: 12 },
  { name: "conv1.bias", shape: [12], share: 0.02, rank: null, fullRank: null },
  { name: "fc.weight", shape: [10, 768], share: 0.375, rank: 1, fullRank: 10 },
  { name: "fc.bias", shape: [10], share: 0.025, rank: null, fullRank: null },
];

function buildAudit(): AuditJson {
  const inverting = { attack: "inverting-gradients", attackTitle: "Inverting Gradients" };
  const blurry = leakingCell("B", 0.1);
  const unknown = leakingCell("B", 0.7);
  const cells: CellJson[] = [
    leakingCell("A", 0.02),
    leakingCell("B", 0.02),
    resistedCell("A", "top-k", "Top-k sparsification"),
    resistedCell("B", "top-k", "Top-k sparsification"),
    emptyCell(
      "A",
      "not-applicable",
      inverting.attack,
      inverting.attackTitle,
      'attack inverting-gradients needs "basicKnowledge", which threat model A (Eavesdropper) does not have; the weakest threat model that grants it is B (Informed Eavesdropper)',
    ),
    { ...blurry, ...inverting, recipe: { ...blurry.recipe, labels: "known", handed: ["updates", "basicKnowledge"] } },
    {
      ...unknown,
      ...inverting,
      defense: "gaussian-noise",
      defenseTitle: "Gaussian noise",
      status: "unknown",
      reason: "the control failed: 21.3 dB, needed 28.0 dB",
      control: {
        ...passed,
        status: "failed",
        measured: 21.3,
        bar: 28,
        reason: "the attack is not tuned for this model",
      },
      images: unknown.images.map((image) => ({ ...image, leaked: false })),
    },
    emptyCell(
      "F",
      "error",
      "robbing-the-fed",
      "Robbing the Fed",
      "the runtime ran out of memory while it compiled the attack",
    ),
  ];
  return {
    schemaVersion: 1,
    tool: { name: "leakscope", version: "0.1.0", code: "9c1e55d0" },
    config: configSchema.parse({ threats: ["A", "B", "F"] }),
    machine: {
      platform: "linux x64",
      cpu: "Example CPU 3 GHz",
      cores: 2,
      memoryGb: 8,
      node: "20.19.0",
      runtime: "onnxruntime-node 1.30",
      backend: "node-cpu",
    },
    startedAt: "2026-01-15T09:30:00.000Z",
    seconds: 148,
    interrupted: false,
    originals: "show",
    data: { id: "portraits", records: [0, 1, 2, 3], classes: ["dark hair", "fair hair"], synthetic: true },
    credits: ["Portraits: Personas by Draftbit, CC BY 4.0"],
    cells,
    assertions: [],
    vulnerability: {
      measures: [
        {
          id: "gradient-norm",
          title: "Gradient norm",
          source: "spec/metrics.md 6, V1",
          evidence: "published",
          moreVulnerable: "higher",
        },
        { id: "lavp-squared", title: "LAVP", source: "V3", evidence: "derived", moreVulnerable: "higher" },
      ],
      batches: [0, 1, 2, 3].map((record) => ({
        records: [record],
        values: {
          "gradient-norm": { value: 4.2 - record },
          "lavp-squared": { value: null, reason: "more than 200,000 input entries" },
        },
        ...(record === 0 ? { layers } : {}),
      })),
      foresight: [
        {
          attack: "dlg",
          values: {
            "gradient-norm": { cells: 4, spearman: 0.8, kendall: 0.6667 },
            "lavp-squared": { cells: 0, spearman: null, kendall: null, reason: "needs 3 cells" },
          },
        },
      ],
    },
    findings: [
      {
        severity: "unknown",
        threat: "F",
        title: "Robbing the Fed could not be judged",
        text: "The run broke. Nothing is known about this adversary.",
        advice: "Give the audit more memory and run it again.",
      },
      {
        severity: "high",
        threat: "A",
        title: "Recorded traffic is enough to see the training pictures",
        text: "All 4 pictures came back from single updates without any defense.",
        advice:
          "Switch on top-k with keep 0.01. In this audit nothing came back with it; accuracy fell from 84 % to 81 % and uploads shrank twelvefold.",
        remedies: [
          {
            defense: "top-k",
            title: "Top-k sparsification",
            inFrameworks: { Flower: "no ready part", "NVIDIA FLARE": "PercentilePrivacy(percentile, gamma)" },
          },
        ],
      },
      {
        severity: "info",
        threat: "*",
        title: "Labels come back too",
        text: "The class of every picture was read off the update.",
        advice: "",
      },
    ],
    summary: {
      A: {
        title: "Eavesdropper",
        score: 0,
        worstCell: "0f3cA9a",
        leak: 1,
        resisted: 1,
        unknown: 0,
        notApplicable: 1,
        error: 0,
      },
      B: {
        title: "Informed Eavesdropper",
        score: 0,
        worstCell: "0f3cB9a",
        leak: 2,
        resisted: 1,
        unknown: 1,
        notApplicable: 0,
        error: 0,
      },
      F: {
        title: "Active Manipulator",
        score: null,
        worstCell: null,
        leak: 0,
        resisted: 0,
        unknown: 0,
        notApplicable: 0,
        error: 1,
      },
    },
  };
}

const built = buildAudit();

/** The sample. `change` edits a fresh copy. */
export function sampleAudit(change: (audit: AuditJson) => void = () => {}): AuditJson {
  const audit = structuredClone(built);
  change(audit);
  return audit;
}

function detector(id: string, title: string, beyond: number | null): Detector {
  return {
    detector: id,
    title,
    action: "reject",
    criterion: beyond === null ? null : `${id}, share of rows`,
    flags: beyond === null ? null : "above",
    threshold: beyond === null ? null : 0.5,
    score: beyond === null ? null : 0.5 + beyond / 2,
    beyond,
    alarm: (beyond ?? 0) > 0,
    honest: { score: 0.01, beyond: -0.9, alarm: false },
    report: "made up",
  };
}

/** The sample with two cells of malicious servers: one that leaks and is noticed, one that does neither. */
export function detectedSample(): AuditJson {
  return sampleAudit((audit) => {
    const armed = { attack: "robbing-the-fed", attackTitle: "Robbing the Fed", threat: "G" };
    const [leak, , resisted] = audit.cells;
    const seen = {
      payloads: 1,
      detected: true,
      detectors: [detector("trap-rows", "Trap rows", -0.3), detector("duplicate-rows", "Duplicate rows", 0.62)],
    };
    const unseen = {
      payloads: 1,
      detected: false,
      detectors: [detector("trap-rows", "Trap rows", -0.2), detector("duplicate-rows", "Duplicate rows", null)],
    };
    audit.cells.push(
      Object.assign({ ...leak!, ...armed }, { detection: seen }),
      Object.assign({ ...resisted!, ...armed }, { detection: unseen }),
    );
  });
}

// A made-up audit for the tests of the report: all five statuses, shared computations, undefined figures, drawn pictures. Figures of the
// pictures that are shown are computed from them, so that the page tells no story that its pictures contradict.
import { Buffer } from "node:buffer";
import { encode } from "fast-png";
import type { AuditJson, CellJson, ImageJson, ScoreJson } from "../src/audit/audit-json.js";
import { configSchema } from "../src/audit/config.js";
import { createRandom } from "../src/math/random.js";

const side = 32;
const bytes = side * side * 3;

type Pixels = Float64Array;

/** Colours of hair, skin, shirt and ground, 0 to 255. */
const faces = [
  { hair: [72, 42, 26], skin: [238, 190, 150], shirt: [34, 96, 160], ground: [206, 226, 240] },
  { hair: [222, 178, 74], skin: [250, 214, 184], shirt: [180, 52, 70], ground: [236, 232, 214] },
  { hair: [24, 22, 28], skin: [140, 90, 62], shirt: [240, 188, 60], ground: [190, 220, 196] },
  { hair: [160, 62, 30], skin: [252, 206, 176], shirt: [70, 130, 84], ground: [224, 208, 236] },
] as const;

function drawFace(record: number): Pixels {
  const { hair, skin, shirt, ground } = faces[record % faces.length]!;
  const pixels = new Float64Array(bytes);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = (x - 15.5) / 8;
      const dy = (y - 15) / 10;
      const eye = Math.hypot(Math.abs(x - 15.5) - 3.2, y - 15) < 1.3;
      const mouth = Math.abs(x - 15.5) < 3 && y === 20;
      const face = dx * dx + dy * dy < 1;
      const crown = ((x - 15.5) / 10) ** 2 + ((y - 13) / 11) ** 2 < 1;
      const colour =
        eye || mouth
          ? [40, 30, 40]
          : face && y > 9
            ? skin
            : crown && y < 21
              ? hair
              : y > 25 && Math.abs(x - 15.5) < 13
                ? shirt
                : ground;
      pixels.set(colour, 3 * (y * side + x));
    }
  }
  return pixels;
}

function addNoise(pixels: Pixels, share: number, name: string): Pixels {
  const random = createRandom(7).split(name);
  return pixels.map((value) => Math.min(255, Math.max(0, (1 - share) * value + share * 255 * random.uniform())));
}

/** A PNG data URI of RGB pixels, 0 to 255. */
export const pngOf = (pixels: ArrayLike<number>): string =>
  `data:image/png;base64,${Buffer.from(encode({ width: side, height: side, data: Uint8Array.from(pixels, Math.round), channels: 3 })).toString("base64")}`;

const originals = [0, 1, 2, 3].map(drawFace);
const meanFace = originals[0]!.map((_, i) => originals.reduce((sum, pixels) => sum + pixels[i]!, 0) / originals.length);

function squaredError(a: Pixels, b: Pixels): number {
  return a.reduce((sum, value, i) => sum + ((value - b[i]!) / 255) ** 2, 0) / bytes;
}

const psnrOf = (mse: number) => Math.min(120, 10 * Math.log10(1 / mse));

function score(variant: string, perImage: (number | null)[], moreLeakage: "higher" | "lower" = "higher"): ScoreJson {
  const finite = perImage.filter((value) => value !== null);
  const best = moreLeakage === "higher" ? Math.max(...finite) : Math.min(...finite);
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  return {
    variant,
    moreLeakage,
    perImage,
    mean: finite.length > 0 ? mean : null,
    best: finite.length > 0 ? best : null,
  };
}

function scoresOf(guesses: readonly Pixels[], hits: boolean): Record<string, ScoreJson> {
  const errors = guesses.map((guess, i) => squaredError(guess, originals[i]!));
  return {
    psnr: score("psnr/per-image", errors.map(psnrOf)),
    ssim: {
      ...score(
        "ssim/gauss11-valid",
        errors.map((mse, i) => (i === 3 ? null : 1 - Math.sqrt(mse))),
      ),
      reasons: ["a made-up reason"],
    },
    mse: score("mse/unit", errors, "lower"),
    iip: {
      ...score(
        "iip/pixel@all",
        errors.map(() => (hits ? 1 : 0)),
      ),
      note: "gallery of 2048 pictures, chance level 1/2048",
    },
  };
}

function imagesOf(guesses: readonly Pixels[], leaked: boolean): ImageJson[] {
  return guesses.map((guess, i) => ({
    record: i,
    label: ["dark hair", "fair hair", "black hair", "red hair"][i]!,
    original: pngOf(originals[i]!),
    reconstruction: pngOf(guess),
    floor: pngOf(meanFace),
    leaked,
  }));
}

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
    images: [],
    budget: { seconds: 0, iterations: 0, exhausted: false },
  };
}

/** The sample. `change` edits a fresh copy. */
export function sampleAudit(change: (audit: AuditJson) => void = () => {}): AuditJson {
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
  const audit: AuditJson = {
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
  change(audit);
  return audit;
}

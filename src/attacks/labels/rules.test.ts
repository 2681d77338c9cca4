// Every rule on gradients that are written down from probabilities, features and labels, so that the answer is known; and on real ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../../math/tensor.js";
import { chain, linear, reluLayer } from "../../models/layers.js";
import type { ObservedRound } from "../../threat/observation.js";
import type { Probe } from "./define.js";
import { type LabelRuleId, labelRules } from "./index.js";
import { type RecoverOptions, recoverLabels } from "./recover.js";

interface Made {
  readonly classes: number;
  readonly labels: readonly number[];
  /** Softmax of image i at class c; uniform by default. */
  readonly probability?: (image: number, c: number) => number;
  /** Feature m of image i; 1 by default. */
  readonly feature?: (image: number, m: number) => number;
  readonly bias?: boolean;
  readonly noise?: number;
}

const FEATURES = 6;

/** A round whose last layer has the gradient of these images; the rest of the update is not there. */
function made({ classes, labels, bias = true, noise = 0, ...options }: Made): ObservedRound {
  const probability = options.probability ?? (() => 1 / classes);
  const feature = options.feature ?? (() => 1);
  const ofWeight = new Float64Array(classes * FEATURES);
  const ofBias = new Float64Array(classes);
  labels.forEach((label, i) => {
    for (let c = 0; c < classes; c++) {
      const residual = (probability(i, c) - (c === label ? 1 : 0)) / labels.length;
      ofBias[c]! += residual;
      for (let m = 0; m < FEATURES; m++) ofWeight[c * FEATURES + m]! += residual * feature(i, m);
    }
  });
  ofWeight[0]! += noise;
  const model = chain("made", [1, 2, 2], classes, [linear("fc1", FEATURES), reluLayer], { name: "head", bias });
  const weights = new Map(
    model.parameters.map(({ name, shape }) => [name, tensor(shape, new Float64Array(shape.reduce((a, b) => a * b)))]),
  );
  const update = new Map([
    ["head.weight", tensor([classes, FEATURES], ofWeight)],
    ...(bias ? [["head.bias", tensor([classes], ofBias)] as const] : []),
  ]);
  return { round: 0, payload: { model, weights }, view: { kind: "upload", update } };
}

/** What pictures alike to those of `made` show: uniform softmax, features that add up to `FEATURES`. */
const exactProbe = (classes: number, source: Probe["source"] = "dummies"): Probe => {
  const labels = Array.from({ length: 2 * classes }, (_, i) => i % classes);
  const probabilities = new Float64Array(labels.length * classes).fill(1 / classes);
  return { source, labels, states: [{ probabilities, featureSums: labels.map(() => FEATURES) }] };
};

const sorted = (labels: readonly number[]) => [...labels].sort((a, b) => a - b);
const recovered = (rule: LabelRuleId, round: ObservedRound, count: number, options: RecoverOptions = {}) =>
  recoverLabels(round, count, { rule, ...options });
const shows = (rule: LabelRuleId, classes: number): RecoverOptions =>
  labelRules[rule].needs.some((need) => ["surrogate", "dummies", "pictures"].includes(need))
    ? { probe: exactProbe(classes, rule === "llg-plus" ? "surrogate" : "dummies") }
    : {};

const distinct = fc.integer({ min: 3, max: 12 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    labels: fc.uniqueArray(fc.integer({ min: 0, max: classes - 1 }), { minLength: 1, maxLength: classes - 1 }),
  }),
);

/** Labels with repeats, of which class 0 is never one. */
const repeated = fc.integer({ min: 3, max: 12 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    labels: fc.array(fc.integer({ min: 1, max: classes - 1 }), { minLength: 1, maxLength: 2 * classes }),
  }),
);

describe("labels without repeats", () => {
  it.each(["bias-sign", "yin", "llg", "llg-plus", "llg-star", "e2egi", "ilrg", "geng-counts"] as const)(
    "%s names them all, for any classes and images",
    (rule) => {
      fc.assert(
        fc.property(distinct, ({ classes, labels }) => {
          const { values } = recovered(rule, made({ classes, labels }), labels.length, shows(rule, classes));
          expect(values).toEqual(sorted(labels));
        }),
      );
    },
  );

  it("yin finds a class that the sum of its row hides", () => {
    // The image of class 1 sees feature 0 alone, and the others, which take class 1 for likely, every other feature strongly.
    const round = made({
      classes: 4,
      labels: [1, 2, 3],
      probability: (i, c) => (i === 0 ? 0.25 : [0.05, 0.8, 0.1, 0.05][c]!),
      feature: (i, m) => (i === 0 ? Number(m === 0) : Number(m > 0)),
    });
    expect(recovered("yin", round, 3).values).toEqual([1, 2, 3]);
    expect(recovered("e2egi", round, 3).values).not.toEqual([1, 2, 3]);
  });
});

describe("labels with repeats", () => {
  it.each(["e2egi", "llg-plus", "llg-star", "geng-counts", "ilrg"] as const)(
    "%s counts them exactly where features are alike and a class is absent",
    (rule) => {
      fc.assert(
        fc.property(repeated, ({ classes, labels }) => {
          const { values } = recovered(rule, made({ classes, labels }), labels.length, shows(rule, classes));
          expect(values).toEqual(sorted(labels));
        }),
      );
    },
  );

  it("geng-counts does without a bias, without an absent class, and with uneven predictions", () => {
    const labels = [0, 0, 0, 1, 2, 2];
    const likely = [0.5, 0.3, 0.2];
    const round = made({ classes: 3, labels, bias: false, probability: (_, c) => likely[c]! });
    const states = [{ probabilities: likely, featureSums: [FEATURES] }] as const;
    const probe: Probe = { source: "surrogate", labels: [0], states };
    expect(recovered("geng-counts", round, 6, { probe })).toEqual({ values: labels, method: "labels/geng-counts" });
  });

  it("yin and bias-sign name each class once; the rest repeats what they named, and the warning says so", () => {
    for (const rule of ["yin", "bias-sign"] as const) {
      const { values, warning } = recovered(rule, made({ classes: 20, labels: [4, 4, 4, 7] }), 4);
      if (rule === "bias-sign") expect(values).toEqual([4, 4, 7, 7]);
      expect(values).toHaveLength(4);
      expect(warning).toMatch(/names each class once; 2 classes have a negative gradient for 4 image/);
      if (rule === "bias-sign") expect(warning).toContain("names 2 labels; the other 2 repeat them");
    }
  });
});

describe("one image", () => {
  const anyImage = fc.record({
    classes: fc.integer({ min: 3, max: 10 }),
    label: fc.nat(),
    logits: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 10, maxLength: 10 }),
    features: fc
      .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: FEATURES, maxLength: FEATURES })
      .filter((features) => features.some((value) => Math.abs(value) > 0.01)),
    bias: fc.boolean(),
  });

  it("idlg is exact for features of any sign, with a bias and without", () => {
    fc.assert(
      fc.property(anyImage, ({ classes, label, logits, features, bias }) => {
        const total = logits.slice(0, classes).reduce((sum, logit) => sum + Math.exp(logit), 0);
        const truth = label % classes;
        const round = made({
          classes,
          labels: [truth],
          bias,
          probability: (_, c) => Math.exp(logits[c]!) / total,
          feature: (_, m) => features[m]!,
        });
        expect(recoverLabels(round, 1)).toEqual({ values: [truth], method: "labels/idlg" });
      }),
    );
  });

  it("idlg falls back on sums for two classes without a bias", () => {
    const round = made({ classes: 2, labels: [1], bias: false });
    expect(recovered("idlg", round, 1)).toEqual({ values: [1], method: "labels/idlg" });
  });
});

describe("doubts", () => {
  const uniform = { classes: 10, labels: [1, 2, 2] };

  it.each(["yin", "llg", "e2egi", "bias-sign", "ilrg", "geng-counts", "llg-plus", "llg-star"] as const)(
    "%s says that an update is no plain gradient",
    (rule) => {
      const { warning } = recovered(rule, made({ ...uniform, noise: 1 }), 3, shows(rule, 10));
      expect(warning).toContain("do not add up to zero over the classes");
    },
  );

  it.each(["llg", "e2egi", "ilrg", "geng-counts", "llg-plus", "llg-star"] as const)(
    "%s has none on the gradient that it is made for",
    (rule) => {
      expect(recovered(rule, made(uniform), 3, shows(rule, 10)).warning).toBeUndefined();
    },
  );

  it("names uneven predictions, repeats beyond the classes, classes that may all be there, and local steps", () => {
    const trained = made({ ...uniform, probability: (_, c) => (c === 0 ? 0.91 : 0.01) });
    const many = made({ classes: 3, labels: [0, 1, 1, 2] });
    for (const rule of ["llg", "e2egi"] as const) {
      expect(recovered(rule, trained, 3).warning).toMatch(/untrained net .* mean probability of 0.91/);
    }
    expect(recovered("llg", many, 4).warning).toContain("4 images of 3 classes repeat more");
    expect(recovered("e2egi", many, 4).warning).toContain("some class must be absent");
    const details = { learningRate: 1, localEpochs: 2, batchSize: 3, sampleCount: 3, mode: "eval" } as const;
    const training = { ...details, algorithm: "FedAvg", momentum: 0, weightDecay: 0, steps: 2 } as const;
    expect(recovered("ilrg", made(uniform), 3, { training }).warning).toContain("a mean over 2 local steps");
  });

  it("names features that may be negative, and pictures that differ", () => {
    const model = chain("signed", [1, 2, 2], 10, [linear("fc1", FEATURES)], { name: "head" });
    const round = made(uniform);
    const signed = { ...round, payload: { ...round.payload, model } };
    for (const rule of ["yin", "llg", "e2egi"] as const) {
      expect(recovered(rule, signed, 3).warning).toContain("those of signed may be negative");
    }
    const { labels, states } = exactProbe(10);
    const featureSums = labels.map((_, i) => (i % 2 ? 1 : 9));
    const probe: Probe = { source: "dummies", labels, states: [{ ...states[0], featureSums }] };
    expect(recovered("llg-star", round, 3, { probe }).warning).toBe(
      "the rule takes the features of all pictures for alike; their sums differ by 80 % among the dummies",
    );
  });

  it("names counts that are far from whole", () => {
    const { labels, states } = exactProbe(10);
    const probe: Probe = { source: "dummies", labels, states: [{ ...states[0], featureSums: labels.map(() => 8) }] };
    const { values, warning } = recovered("geng-counts", made(uniform), 3, { probe });
    expect(values).toHaveLength(3);
    expect(warning).toMatch(/counts are up to 0.\d\d away from whole/);
  });
});

describe("the chooser", () => {
  it("takes idlg for one image, ilrg for a batch, and without a bias what can do without", () => {
    const labels = [1, 2, 2];
    const bare = made({ classes: 10, labels, bias: false });
    expect(recoverLabels(made({ classes: 10, labels }), 3).method).toBe("labels/ilrg");
    expect(recoverLabels(bare, 3)).toEqual({ values: labels, method: "labels/e2egi" });
    const surrogate = exactProbe(10, "surrogate");
    expect(recoverLabels(bare, 3, { probe: surrogate })).toEqual({ values: labels, method: "labels/geng-counts" });
    expect(recoverLabels(made({ classes: 10, labels: [4], bias: false }), 1).method).toBe("labels/idlg");
  });

  it("says what a rule lacks", () => {
    const bare = made({ classes: 10, labels: [1, 2], bias: false });
    for (const rule of ["bias-sign", "ilrg"] as const) {
      expect(() => recovered(rule, bare, 2)).toThrow("the last layer has no bias, which this label rule reads");
    }
    for (const rule of ["geng-counts", "llg-plus", "llg-star"] as const) {
      expect(() => recovered(rule, bare, 2)).toThrow("none were shown to it");
    }
  });

  it("gives one label per image for every rule, even where an update is all zeros", () => {
    const zero = made({ classes: 3, labels: [0], probability: (_, c) => Number(c === 0) });
    for (const rule of Object.keys(labelRules) as LabelRuleId[]) {
      const { values } = recovered(rule, zero, 5, shows(rule, 3));
      expect(values).toHaveLength(5);
      expect(values.every((label) => label >= 0 && label < 3)).toBe(true);
    }
  });
});

// D9 of spec/defenses.md section 22, the part that needs no peer: no honest setting asks for a gradient of a handful of samples.
import { defineDetector } from "./define.js";

export const detector = defineDetector({
  id: "batch-floor",
  number: "D9",
  title: "Batch floor",
  summary: "Warns of a local batch that is too small to hide its samples.",
  source: "own (spec/defenses.md section 22, D9)",
  action: "warn",
  criteria: {
    "batch-size": {
      score: "the number of samples",
      flags: "below",
      threshold: 8,
      basis: "spec",
      falseAlarms: null,
    },
  },
  limits: "the size of the cohort and its sybils are for peers to check (D8, the other half of D9)",
  measure(_, { local }) {
    if (!local) return "needs a batch of the client's own data";
    return { "batch-size": [{ score: local.perSample.length, where: "the local batch" }] };
  },
});

// Deep Leakage from Gradients: images and soft labels are found together by L-BFGS on Σ‖∇L(x, y) - g*‖², from Gaussian noise.
// Ours differs where stated in the options: strong-Wolfe line search, float64 and up to eight starts by default.
import { defineAttack } from "../../define.js";
import { imitated } from "../../transforms/define.js";
import { invertByLbfgs, lbfgsOptions, lenetControl } from "../lbfgs-attack.js";
import { assumedKnowledge } from "../pixels.js";

export default defineAttack({
  id: "dlg",
  title: "Deep Leakage from Gradients",
  summary: "Searches an image and a label whose gradient equals the one that was sent.",
  paper: {
    authors: "Zhu, Liu, Han",
    title: "Deep Leakage from Gradients",
    year: 2019,
    venue: "NeurIPS",
    seedRef: 109,
    url: "https://arxiv.org/abs/1906.08935",
  },
  category: "optimization/basic",
  needs: ["updates"],
  uses: ["basicKnowledge"],
  assumes: { basicKnowledge: assumedKnowledge },
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 8 },
  adaptsTo: imitated,
  options: lbfgsOptions,
  control: lenetControl,
  proofs: [
    {
      id: "lenet",
      claim: "lenet, batch 1: image and label come back",
      seeds: 4,
      setting: { model: "lenet", batchSize: 1, labels: "recovered" },
      arms: { attack: {} },
      bars: [
        { arm: "attack", metric: "psnr", over: { share: 0.75 }, op: ">=", value: 40, evidence: "measured" },
        { arm: "attack", metric: "labels", over: "mean", op: ">=", value: 0.75, evidence: "measured" },
      ],
    },
  ],
  async run({ observation }, options, context) {
    const knowledge = observation.basicKnowledge ?? assumedKnowledge;
    const given = observation.labels ? { values: observation.labels, method: "known" } : null;
    return invertByLbfgs(observation.updates.rounds[0]!, knowledge, given, observation.knownDefense, options, context);
  },
});

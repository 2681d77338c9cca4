// Improved Deep Leakage from Gradients: the label is read from the sign of the last layer's gradient, then DLG runs on the image alone.
import { defineAttack } from "../../define.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import { imitated } from "../../transforms/define.js";
import { invertByLbfgs, lbfgsOptions, lenetControl } from "../lbfgs-attack.js";
import { assumedKnowledge } from "../pixels.js";

export default defineAttack({
  id: "idlg",
  title: "Improved Deep Leakage from Gradients",
  summary: "Reads the label off the update, then searches the image whose gradient equals the one that was sent.",
  paper: {
    authors: "Zhao, Mopuri, Bilen",
    title: "iDLG: Improved Deep Leakage from Gradients",
    year: 2020,
    venue: "arXiv",
    seedRef: 105,
    url: "https://arxiv.org/abs/2001.02610",
  },
  category: "optimization/basic",
  needs: ["updates"],
  uses: ["basicKnowledge"],
  assumes: { basicKnowledge: assumedKnowledge },
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 1 },
  adaptsTo: imitated,
  options: lbfgsOptions.extend(labelOptions),
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
    const round = observation.updates.rounds[0]!;
    const knowledge = observation.basicKnowledge ?? assumedKnowledge;
    const labels = await batchLabels(observation, options, context);
    return invertByLbfgs(round, knowledge, labels, observation.knownDefense, options, context);
  },
});

// The rows of the USENIX Security 2025 systematisation: id, its reference there, and the group it is in.

const grouped = (groups) =>
  Object.entries(groups).flatMap(([group, rows]) =>
    Object.entries(rows).map(([id, reference]) => [id, reference, group]),
  );

export const seedRows = {
  attacks: grouped({
    "optimization/basic": {
      dlg: "109",
      idlg: "105",
      "inverting-gradients": "21",
      gradinversion: "98",
      gradvit: "27",
      dlf: "13",
      "fl-unsafe": "26",
      "cocktail-party": "37",
      "adversarial-priors": "71",
      e2egi: "45",
      "hf-gradinv": "96",
      "tgias-ro": "41",
    },
    "optimization/augmented": { hcgla: "94", rog: "99", "gi-pip": "70", mjolnir: "50" },
    "generative/online": { "mgan-ai": "79" },
    "generative/direct": { grnn: "61", fgla: "91" },
    "generative/latent": { gias: "34", ggl: "46", gifd: "17", cgir: "90", ggdm: "25" },
    "analytic/closed-form": { "r-gap": "108", april: "51", spear: "12" },
    "analytic/sparsification": { "robbing-the-fed": "18", fishing: "84", "trap-weights": "8" },
    "analytic/isolation": {
      "hardened-dp-sa": "7",
      mandrake: "106",
      loki: "107",
      mkor: "75",
      seer: "20",
      "scale-mia": "65",
    },
  }),
  defenses: grouped({
    server: { "server-dp": "55" },
    update: {
      "client-dp": "82, 83, 93",
      "top-k": null,
      "large-gradient-pruning": null,
      "dual-gradient-pruning": "92, 99, 104",
      quantization: "99",
      clipping: "47",
      soteria: "68",
      graddefense: "76",
      outpost: "74",
      censor: "101",
      "lr-perturbation": "73",
    },
    aggregation: { "secure-aggregation": "56", "homomorphic-encryption": "9", "fragmented-fl": "33" },
    input: { "digestive-nn": "40", ats: "19", vicinal: "97", dcs2: "85" },
    model: { pefl: "49", spn: "16", precode: "64", fedkl: "62" },
  }),
  metrics: ["psnr", "mse", "ssim", "lpips", "jaccard", "semsim", "avd", "iip", "rdlv"].map((id) => [
    id,
    null,
    "metric",
  ]),
};

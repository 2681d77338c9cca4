// The seven capabilities of the systematisation's Table 1 and the eight threat models made of them. What each capability hands over is
// our reading of the slides (DESIGN.md section 7), stated in `hands`.

export const capabilities = {
  updates: {
    title: "Model updates",
    hands: "the broadcast model with its input shape and class count, and every round's upload",
  },
  basicKnowledge: {
    title: "Basic knowledge",
    hands: "number of images per batch, normalisation, pixel range, loss and its reduction, general image priors",
  },
  trainingDetails: {
    title: "Training details",
    hands: "learning rate, optimiser, local epochs, batch size, sample count, train or eval mode",
  },
  surrogateData: {
    title: "Surrogate data",
    hands: "labelled images of a similar distribution and networks trained on them",
  },
  clientDistribution: {
    title: "Client data distribution",
    hands: "BatchNorm statistics of the client",
  },
  activeManipulation: {
    title: "Active manipulation",
    hands: "sending a rewritten model: other weights, inserted layers, another payload per client, repeated rounds",
  },
  clientSelection: {
    title: "Client selection",
    hands: "choosing the cohort of a round and adding own clients to it",
  },
} as const;

export type Capability = keyof typeof capabilities;

export interface ThreatModel {
  readonly title: string;
  readonly capabilities: readonly Capability[];
  /** Who this is, in words for people who decide. */
  readonly who: string;
  /** Realism, one to four stars, with the source: copies of the table disagree. */
  readonly realism: { readonly stars: 1 | 2 | 3 | 4; readonly source: string };
}

const eavesdropper = ["updates", "basicKnowledge", "trainingDetails"] as const;
const slides = "seed slides (the living table gives A to C three, D and E two, F to H one)";

export const threatModels = {
  A: {
    title: "Eavesdropper",
    capabilities: ["updates"],
    who: "somebody who records the traffic between one client and the server",
    realism: { stars: 4, source: slides },
  },
  B: {
    title: "Informed Eavesdropper",
    capabilities: ["updates", "basicKnowledge"],
    who: "an eavesdropper who also knows what kind of pictures are trained on, and how many per batch",
    realism: { stars: 4, source: slides },
  },
  C: {
    title: "Parameter-Aware Eavesdropper",
    capabilities: eavesdropper,
    who: "a curious server that follows the protocol and knows the training settings",
    realism: { stars: 4, source: slides },
  },
  D: {
    title: "Data-Enhanced Eavesdropper",
    capabilities: [...eavesdropper, "surrogateData"],
    who: "a curious server with pictures of a similar kind",
    realism: { stars: 3, source: slides },
  },
  E: {
    title: "Statistical-Informed Eavesdropper",
    capabilities: [...eavesdropper, "surrogateData", "clientDistribution"],
    who: "a curious server that also knows statistics of the client's own data",
    realism: { stars: 3, source: slides },
  },
  F: {
    title: "Active Manipulator",
    capabilities: [...eavesdropper, "activeManipulation"],
    who: "a malicious server that sends rewritten models",
    realism: { stars: 2, source: slides },
  },
  G: {
    title: "Data-Enhanced Manipulator",
    capabilities: [...eavesdropper, "surrogateData", "activeManipulation"],
    who: "a malicious server that sends rewritten models, tuned on pictures of a similar kind",
    realism: { stars: 2, source: slides },
  },
  H: {
    title: "Active Client Manipulator",
    capabilities: [...eavesdropper, "surrogateData", "activeManipulation", "clientSelection"],
    who: "a malicious server that also chooses who takes part and adds clients of its own",
    realism: { stars: 2, source: slides },
  },
} as const satisfies Readonly<Record<string, ThreatModel>>;

export type ThreatLetter = keyof typeof threatModels;
export const threatLetters = Object.keys(threatModels) as ThreatLetter[];

/** True when the threat model has the capability. */
export const grants = (threat: ThreatLetter, capability: Capability): boolean =>
  (threatModels[threat].capabilities as readonly Capability[]).includes(capability);

/** What an attack with these needs and uses receives under `threat`, which must grant the needs. */
export const handedOver = <C extends Capability>(
  threat: ThreatLetter,
  needs: readonly C[],
  uses: readonly C[] = [],
): C[] => [...needs, ...uses.filter((capability) => grants(threat, capability))];

/** The first letter that grants all of `needs`; null when no model does. */
export function weakestThreat(needs: readonly Capability[]): ThreatLetter | null {
  return threatLetters.find((threat) => needs.every((capability) => grants(threat, capability))) ?? null;
}

/** Why `threat` cannot carry an attack with these needs: the missing capability and the letter that grants it. Null when it can. */
export function refusal(attack: string, needs: readonly Capability[], threat: ThreatLetter): string | null {
  const missing = needs.filter((capability) => !grants(threat, capability));
  if (missing.length === 0) return null;
  const granting = weakestThreat(needs);
  const pronoun = missing.length > 1 ? "them" : "it";
  const names = missing.map((capability) => `"${capability}"`).join(" and ");
  const remedy = granting
    ? `the weakest threat model that grants ${pronoun} is ${granting} (${threatModels[granting].title})`
    : `no threat model grants ${pronoun}`;
  return `attack ${attack} needs ${names}, which threat model ${threat} (${threatModels[threat].title}) does not have; ${remedy}`;
}

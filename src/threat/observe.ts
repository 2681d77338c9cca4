// The only door from a federation to an attack: hands over what the threat model grants and the attack declared, nothing more.
import type { Batch } from "../data/dataset.js";
import type { RoundRecord } from "../federated/round.js";
import { type Capability, handedOver, refusal, type ThreatLetter } from "./capabilities.js";
import type { BasicKnowledge, Grants, KnownDefense, Observation, TrainingDetails } from "./observation.js";

/** A pair of attack and threat model that the model denies. The message names the missing capability and the granting letter. */
export class CapabilityError extends Error {
  override name = "CapabilityError";
}

/** Everything about a finished federation that some adversary may see. Truth about the data is not part of it. */
export interface Release {
  readonly records: readonly RoundRecord[];
  /** The client under observation. */
  readonly client: number;
  readonly basicKnowledge: BasicKnowledge;
  readonly trainingDetails: TrainingDetails;
  readonly surrogateData: () => Batch;
}

/** Assumptions of the case that are no capability. */
export interface Assumptions {
  readonly labels?: readonly number[];
  readonly knownDefense?: KnownDefense;
}

export interface Request<Needs extends Capability, Uses extends Capability> {
  readonly attack: string;
  readonly threat: ThreatLetter;
  readonly needs: readonly Needs[];
  readonly uses?: readonly Uses[];
}

/** Builds the observation of one attack. Throws CapabilityError when the threat model lacks a need. */
export function observe<Needs extends Capability, Uses extends Capability = never>(
  release: Release,
  { attack, threat, needs, uses = [] }: Request<Needs, Uses>,
  assumptions: Assumptions = {},
): Observation<Needs, Uses> {
  const reason = refusal(attack, needs, threat);
  if (reason) throw new CapabilityError(reason);
  const give: { readonly [C in Capability]: () => Grants[C] } = {
    updates: () => ({
      rounds: release.records.map((record) => {
        const { payload, message } = record.clients.get(release.client)!;
        return { round: record.round, payload, view: { kind: "upload", update: message.update } };
      }),
    }),
    basicKnowledge: () => release.basicKnowledge,
    trainingDetails: () => release.trainingDetails,
    surrogateData: () => release.surrogateData(),
    clientDistribution: () => new Map(),
    activeManipulation: () => ({ clientsAddressed: release.records[0]?.clients.size ?? 0 }),
    clientSelection: () => ({ cohort: [...(release.records[0]?.clients.keys() ?? [])] }),
  };
  const entries = handedOver<Capability>(threat, needs, uses).map(
    (capability) => [capability, give[capability]()] as const,
  );
  return Object.freeze({ ...Object.fromEntries(entries), ...assumptions }) as unknown as Observation<Needs, Uses>;
}

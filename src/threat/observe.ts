// The only door from a federation to an attack: hands over what the threat model grants and the attack declared, nothing more.
import type { Batch } from "../data/dataset.js";
import type { ClientId } from "../federated/hooks.js";
import type { RoundRecord } from "../federated/round.js";
import { CapabilityError } from "../federated/server-behaviour.js";
import { type Capability, handedOver, refusal, type ThreatLetter } from "./capabilities.js";
import type { BasicKnowledge, Grants, KnownDefense, Observation, TrainingDetails } from "./observation.js";
import { viewRounds } from "./view.js";

export { CapabilityError };

/** Everything about a finished federation that some adversary may see. Truth about the data is not part of it. */
export interface Release {
  readonly records: readonly RoundRecord[];
  /** The client under observation. */
  readonly client: ClientId;
  /** True for somebody who sees what the server releases and no upload; default: the server's own view, or a wire-tapper's. */
  readonly outside?: boolean;
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
  const { records } = release;
  const seen = viewRounds(release);
  const give: { readonly [C in Capability]: () => Grants[C] } = {
    updates: () => ({ rounds: seen.map(({ observed }) => observed) }),
    basicKnowledge: () => release.basicKnowledge,
    trainingDetails: () => release.trainingDetails,
    surrogateData: () => release.surrogateData(),
    clientDistribution: () => ({ rounds: seen.map(({ statistics }) => statistics) }),
    activeManipulation: () => ({
      clientsAddressed: new Set(records.flatMap(({ clients }) => [...clients.keys()])).size,
    }),
    clientSelection: () => ({
      rounds: records.map(({ round, cohort, clients }) => ({
        round,
        cohort,
        sybils: cohort.filter((client) => clients.get(client)?.sybil),
      })),
    }),
  };
  const entries = handedOver<Capability>(threat, needs, uses).map(
    (capability) => [capability, give[capability]()] as const,
  );
  return Object.freeze({ ...Object.fromEntries(entries), ...assumptions }) as unknown as Observation<Needs, Uses>;
}

// What a threat model lets a server do, and an attack's server as the federation takes it.
import type { ClientId, Payload, Sybil } from "../federated/hooks.js";
import type { Power, Powers, ServerBehaviour, ServerView } from "../federated/server-behaviour.js";
import { grants, type ThreatLetter, threatModels, weakestThreat } from "./capabilities.js";
import type { Answer } from "./observation.js";

/** The powers of a server under `threat`, and why it lacks the others. */
export function powersOf(threat: ThreatLetter): Powers {
  const refusal = (power: Power): string | null => {
    if (grants(threat, power)) return null;
    const granting = weakestThreat([power])!;
    return (
      `threat model ${threat} (${threatModels[threat].title}) does not grant it; ` +
      `the weakest threat model that does is ${granting} (${threatModels[granting].title})`
    );
  };
  return { activeManipulation: refusal("activeManipulation"), clientSelection: refusal("clientSelection") };
}

/** The part of an attack's armed server that acts in rounds (attacks/define.ts). */
interface Armed {
  payload(round: number, client: ClientId, history: readonly Answer[]): Payload;
  cohort?(round: number, pool: readonly ClientId[], history: readonly Answer[]): readonly ClientId[];
  sybils?(round: number, history: readonly Answer[]): readonly Sybil[];
  /** Where it is there, a client is queried again within the round until it says true. */
  done?(history: readonly Answer[], client: ClientId): boolean;
}

/** An attack's server as a behaviour. Its history is every answer so far, an aggregate where the federation hides single ones. */
export function behaviourOf(armed: Armed): ServerBehaviour {
  return {
    payload: (round, client, _, seen) => armed.payload(round, client, historyOf(seen)),
    ...(armed.done && {
      again: (round, client, seen) => {
        const history = historyOf(seen);
        return armed.done?.(history, client) === false ? armed.payload(round, client, history) : null;
      },
    }),
    ...(armed.cohort && { cohort: (round, pool, seen) => armed.cohort!(round, pool, historyOf(seen)) }),
    ...(armed.sybils && { sybils: (round, seen) => armed.sybils!(round, historyOf(seen)) }),
  };
}

const historyOf = (seen: readonly ServerView[]): Answer[] =>
  seen.flatMap(({ round, answers, hidden, aggregate }): Answer[] => {
    if (!hidden) {
      return answers.map(({ client, payload, message: { update } }) => ({
        round,
        client,
        payload,
        view: { kind: "upload", update },
      }));
    }
    const payload = answers[0]?.payload;
    return payload && aggregate
      ? [{ round, client: null, payload, view: { kind: "aggregate", update: aggregate } }]
      : [];
  });

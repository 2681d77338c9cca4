// What the members of a federation agree on before its first round: the architecture, where a defense changes it for everybody.
import type { Random } from "../math/random.js";
import { initialise } from "../models/define.js";
import { arrange } from "./compose.js";
import type { Payload } from "./hooks.js";
import type { Protocol } from "./protocol.js";

/**
 * The model as the protocol's defenses have it, in canonical order; parameters that they add are drawn from `random`, all others keep their
 * values. A start that was agreed on already is returned as it is. Throws UnsupportedDefenseError as `arrange` does.
 */
export function agreeOnStart(start: Payload, protocol: Protocol, random: Random): Payload {
  const model = arrange(protocol.defenses, protocol).reduce(
    (current, { hooks }) => hooks.agreeModel?.(current) ?? current,
    start.model,
  );
  if (model === start.model) return start;
  const fresh = initialise(model, random);
  return { model, weights: new Map([...fresh].map(([name, value]) => [name, start.weights.get(name) ?? value])) };
}

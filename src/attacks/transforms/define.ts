// Differentiable imitations of defenses, for the attacker who knows that one is on: the candidate's gradient passes through the imitation
// before it is compared with what was sent. An attack imports no defense; an imitation names the defense's id and reads its options.
import type { Node } from "../../engine/index.js";
import type { KnownDefense } from "../../threat/observation.js";
import { clippedNoise } from "./gaussian-noise.js";
import { sentEntries } from "./top-k.js";

/** What the defense would have made of `gradients`; `sent` is the observed update, tensor by tensor. Gradients may come in parts. */
export type Imitation = (gradients: readonly Node[], sent: readonly Node[], options: KnownDefense["options"]) => Node[];

/** By id of the defense. */
export const imitations: Readonly<Record<string, Imitation>> = {
  "gaussian-noise": clippedNoise,
  "top-k": sentEntries,
};

/** Ids of the defenses that gradient matching can imitate. */
export const imitated: readonly string[] = Object.keys(imitations);

/** The imitation of a defense. Throws RangeError when there is none. */
export function imitate({ id, options }: KnownDefense, gradients: readonly Node[], sent: readonly Node[]): Node[] {
  const imitation = imitations[id];
  if (!imitation) throw new RangeError(`no imitation of defense "${id}"; there are ${imitated.join(", ")}`);
  return imitation(gradients, sent, options);
}

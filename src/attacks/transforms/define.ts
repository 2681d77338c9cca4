// Differentiable imitations of defenses, for the attacker who knows that one is on: the candidate's gradient passes through the imitation
// before it is compared with what was sent. An attack imports no defense; an imitation names the defense's id and reads its options.
import { broadcastTo, type Node } from "../../engine/index.js";
import type { KnownDefense } from "../../threat/observation.js";
import { clippedSamples } from "./client-dp.js";
import { clippedNoise } from "./gaussian-noise.js";
import { fromBottleneck } from "./precode.js";
import { withinLevels } from "./quantization.js";
import { sentColumns } from "./soteria.js";
import { sentEntries } from "./top-k.js";

/** What the defense would have made of `gradients`; `sent` is the observed update, tensor by tensor. Gradients may come in parts. */
export type Imitation = (gradients: readonly Node[], sent: readonly Node[], options: KnownDefense["options"]) => Node[];

/** Which tensors, by name in the order of the model, say nothing to one who knows of the defense. */
export type Ignorance = (names: readonly string[]) => readonly boolean[];

/** By id of the defense. */
const imitations: Readonly<Record<string, Imitation>> = {
  "client-dp": clippedSamples,
  "gaussian-noise": clippedNoise,
  quantization: withinLevels,
  soteria: sentColumns,
  "top-k": sentEntries,
};

/** By id of the defense: those that cannot be imitated and are stepped around. */
const ignored: Readonly<Record<string, Ignorance>> = { precode: fromBottleneck };

/** Ids of the defenses that gradient matching can adapt to. */
export const imitated: readonly string[] = [...Object.keys(imitations), ...Object.keys(ignored)].sort();

/** What is compared: gradients of the candidate, and what was sent in their place. */
export interface Compared {
  readonly gradients: readonly Node[];
  readonly sent: readonly Node[];
}

/** The imitation of a defense; `names` are those of the tensors. Throws RangeError when there is none. */
export function imitate(
  { id, options }: KnownDefense,
  gradients: readonly Node[],
  sent: readonly Node[],
  names: readonly string[],
): Compared {
  const imitation = imitations[id];
  if (imitation) return { gradients: imitation(gradients, sent, options), sent };
  const ignorance = ignored[id];
  if (!ignorance) throw new RangeError(`no imitation of defense "${id}"; there are ${imitated.join(", ")}`);
  const unheard = ignorance(names);
  // Zeros on both sides are at no distance, and the lists keep their order.
  const silenced = (nodes: readonly Node[]) =>
    nodes.map((node, i) => (unheard[i] ? broadcastTo(node.graph.constant(0), node.shape) : node));
  return { gradients: silenced(gradients), sent: silenced(sent) };
}

// Imitates Soteria: columns of a fully connected layer's gradient that were sent as zeros are not compared, the others are. The bypass of
// Balunovic et al. 2022, who drop the whole tensor (spec/defenses.md 8); which columns are missing can be read off the update.
import { abs, mul, type Node, sign, sum } from "../../engine/index.js";

export const sentColumns = (gradients: readonly Node[], sent: readonly Node[]): Node[] =>
  gradients.map((gradient, i) => {
    const target = sent[i]!;
    return target.shape.length === 2 ? mul(gradient, sign(sum(abs(target), [0]))) : gradient;
  });

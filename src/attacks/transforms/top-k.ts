// Imitates top-k sparsification: only the entries that were sent are compared, the others are set to zero as the defense does. The known
// weakness of pruning (Yue et al. 2023; spec/defenses.md 5, proof 4).
import { mul, type Node, sign, square } from "../../engine/index.js";

export const sentEntries = (gradients: readonly Node[], sent: readonly Node[]): Node[] =>
  gradients.map((gradient, i) => mul(gradient, square(sign(sent[i]!))));

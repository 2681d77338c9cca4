// R-GAP's first step for softmax: from the gradient of a linear head without bias to what it read. ∂L/∂W = δ xᵀ with δ = softmax(W x) - e_y gives x
// up to its length c; c (1 - p_y(c)) = -t_y decides c. With two classes this is the paper's one logit with weight w_1 - w_0 and has two roots where
// the sample is classified rightly; with more classes the other equations leave one.
import type { FloatArray } from "../../../math/tensor.js";
import { dot } from "../../../math/vector.js";

export interface Root {
  /** What the head read. */
  readonly features: Float64Array;
  /** ∂L/∂logits. */
  readonly delta: Float64Array;
  readonly label: number;
  /** ‖δ - (softmax(W x) - e_y)‖ relative to ‖δ‖. */
  readonly residual: number;
}

const [SHORTEST, LONGEST, STEPS, HALVINGS] = [1e-6, 1e6, 2400, 80];

function softmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - top));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** Every solution, best residual first; `weight` and `gradient` [classes, features]. */
export function headRoots(weight: FloatArray, gradient: FloatArray, classes: number): Root[] {
  const size = weight.length / classes;
  const rowsOf = (a: FloatArray) =>
    Array.from({ length: classes }, (_, i) => Float64Array.from(a.subarray(i * size, (i + 1) * size)));
  const [w, g] = [rowsOf(weight), rowsOf(gradient)];
  const norms = g.map((row) => Math.sqrt(dot(row, row)));
  const longest = norms.indexOf(Math.max(...norms));
  if (!(norms[longest]! > 0)) return [];
  const roots: Root[] = [];
  for (const sign of [1, -1]) {
    const along = g[longest]!.map((entry) => (sign * entry) / norms[longest]!);
    const t = Float64Array.from(g, (row) => dot(row, along));
    // The label's entry alone is negative.
    const label = t.findIndex((entry) => entry < 0);
    if (t.filter((entry) => entry < 0).length !== 1) continue;
    const logits = Float64Array.from(w, (row) => dot(row, along));
    const excess = (c: number) => c * (1 - softmax(logits.map((s) => s * c))[label]!) + t[label]!;
    for (let i = 0; i < STEPS; i++) {
      let low = SHORTEST * (LONGEST / SHORTEST) ** (i / STEPS);
      let high = SHORTEST * (LONGEST / SHORTEST) ** ((i + 1) / STEPS);
      const rising = excess(low) < 0;
      if (rising === excess(high) < 0) continue;
      for (let k = 0; k < HALVINGS; k++) {
        const middle = (low + high) / 2;
        if (excess(middle) < 0 === rising) low = middle;
        else high = middle;
      }
      const delta = t.map((entry) => entry / low);
      const p = softmax(logits.map((s) => s * low));
      const apart = delta.map((entry, j) => entry - p[j]! + Number(j === label));
      roots.push({
        features: along.map((entry) => entry * low),
        delta,
        label,
        residual: Math.sqrt(dot(apart, apart) / dot(delta, delta)),
      });
    }
  }
  return roots.sort((a, b) => a.residual - b.residual);
}

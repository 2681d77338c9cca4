// Imitates quantisation: a candidate's gradient counts as equal to what was sent wherever the defense could have sent that for it, and is
// compared with the nearest such value elsewhere. Spec/defenses.md 6 has a straight-through rounding; its objective is flat between levels,
// where a line search finds no way down, and this is its continuous form.
import {
  abs,
  broadcastTo,
  maxPool,
  mul,
  type Node,
  relu,
  reshape,
  sign,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/index.js";
import { sizeOf } from "../../math/tensor.js";

/** Half the gap to the next float, as a share of a value. */
const halfUlp: Readonly<Record<string, number>> = { float16: 2 ** -11, bfloat16: 2 ** -8 };

export function withinLevels(
  gradients: readonly Node[],
  sent: readonly Node[],
  { method, levels, norm }: Readonly<Record<string, unknown>>,
): Node[] {
  if (typeof method !== "string" || typeof levels !== "number") {
    throw new TypeError(`the imitation of quantization needs its method and levels, got ${method} and ${levels}`);
  }
  return gradients.map((gradient, i) => {
    const target = sent[i]!;
    if (method === "sign") return sameSigns(gradient, target);
    const cast = halfUlp[method];
    if (cast !== undefined) return beyond(gradient, target, mul(cast, abs(target)));
    // Rounding to the nearest level moves an entry by half a step, stochastic rounding by less than a whole one.
    const reach = (method === "uniform" ? 0.5 : 1) / (levels - 1);
    const scale = norm === "l2" ? euclidean(gradient, target) : largest(target);
    return beyond(gradient, target, mul(reach, scale));
  });
}

/** `target`, plus what `gradient` is away from it by more than `reach`. */
function beyond(gradient: Node, target: Node, reach: Node): Node {
  const away = sub(gradient, target);
  return sub(gradient, mul(sign(away), sub(abs(away), relu(sub(abs(away), reach)))));
}

/** Signs as sent cost nothing; the sizes behind them are known by their mean alone. */
function sameSigns(gradient: Node, target: Node): Node {
  const agree = mul(gradient, sign(target));
  const axes = gradient.shape.map((_, axis) => axis).slice(gradient.shape.length - target.shape.length);
  const mean = mul(1 / sizeOf(target.shape), sum(abs(gradient), axes, true));
  return mul(sign(target), sub(broadcastTo(mean, gradient.shape), relu(mul(-1, agree))));
}

/** The largest size of a tensor's entries. */
function largest(x: Node): Node {
  const size = sizeOf(x.shape);
  return reshape(maxPool(reshape(abs(x), [1, 1, 1, size]), { kernel: [1, size] }), []);
}

/** The norm of each part's own gradient, as a factor beside it; constant under differentiation. */
function euclidean(gradient: Node, target: Node): Node {
  const axes = gradient.shape.map((_, axis) => axis).slice(gradient.shape.length - target.shape.length);
  return stopGradient(sqrt(sum(square(gradient), axes, true)));
}

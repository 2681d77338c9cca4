// What a recorded update is: a gradient, w_global - w_local, its opposite, or local weights, and how long. Stated rules, none of which sees
// the data; where they do not decide, the user is asked (spec/attacks-optimization.md 1.2: a wrong scale is a classic silent failure).
import type { Update } from "../federated/hooks.js";
import { distortion, mapUpdate, pseudoGradient, updateNorm } from "../federated/update.js";
import type { FloatArray } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";

export const updateKinds = ["auto", "gradient", "delta", "weights"] as const;
export const updateSigns = ["auto", "global-local", "local-global"] as const;

export interface Statement {
  /** `weights`: those of the client after training. Default auto. */
  readonly kind?: (typeof updateKinds)[number];
  /** Of a delta. `global-local` points along the gradient, `local-global` against it. Default auto. */
  readonly sign?: (typeof updateSigns)[number];
  /** Learning rate times local steps, by which a delta exceeds a gradient. */
  readonly scale?: number | undefined;
  /** Images behind the update. */
  readonly batchSize: number;
}

export interface Interpretation {
  /** The mean gradient that the update stands for. */
  readonly update: Update;
  readonly kind: "gradient" | "delta" | "weights";
  readonly sign: 1 | -1;
  /** What the update was divided by. */
  readonly scale: number;
  /** By which rule each was found, for the user. */
  readonly notes: readonly string[];
}

/** An update whose kind, sign or scale has to be stated. */
export class AmbiguousUpdateError extends Error {
  override readonly name = "AmbiguousUpdateError";
}

/** Local weights stay near the global ones; a gradient has no reason to. */
const NEAR = 0.5;
/** A head gradient of cross-entropy adds up to zero; share of the absolute sum that rounding and weight decay may leave. */
const ADDS_UP = 0.05;
/** Deviation from 1 up to which a scale that was found says "gradient": for one image the rule is exact, for more it is an estimate. */
const CLOSE = { one: 0.02, more: 0.3 } as const;

/**
 * Finds out, or takes as stated, what `tensors` (all parameters, in the model's order) are. Throws AmbiguousUpdateError when neither helps, with
 * the option that does.
 */
export function interpretUpdate(
  { model, weights }: { readonly model: Model; readonly weights: Weights },
  tensors: Update,
  statement: Statement,
): Interpretation {
  const { kind = "auto", batchSize, scale } = statement;
  if (scale !== undefined && !(scale > 0)) {
    throw new RangeError(`the scale of an update is its learning rate times local steps, above 0, got ${scale}`);
  }
  const notes: string[] = [];
  const given: Update = new Map(model.parameters.map(({ name }) => [name, tensors.get(name)!]));
  const global: Update = new Map(model.parameters.map(({ name }) => [name, weights.get(name)!]));
  const away = distortion(global, given).relativeL2;
  const isWeights = kind === "weights" || (kind === "auto" && away < NEAR);
  if (isWeights && kind === "auto") {
    notes.push(`taken as local weights: they are within ${percent(away)} of the global ones`);
  }
  const raw = isWeights ? pseudoGradient(model, weights, given) : given;
  if (updateNorm(raw) === 0) {
    throw new AmbiguousUpdateError(
      isWeights
        ? "the update equals the global weights: nothing was learnt; bring the weights from before the training as --global"
        : "the update is zero everywhere: there is nothing to invert",
    );
  }

  const evidence = signEvidence(model, raw, batchSize);
  const sign = signOf(isWeights ? "weights" : kind, statement.sign ?? "auto", evidence, notes);
  const upright = sign === 1 ? raw : mapUpdate(raw, (value) => -value);
  const found = scale === undefined && kind !== "gradient" ? headScale(model, weights, upright, batchSize) : null;
  const close = batchSize === 1 ? CLOSE.one : CLOSE.more;
  if (kind === "gradient" || (kind === "auto" && !isWeights && found !== null && Math.abs(found - 1) < close)) {
    if (kind === "auto") notes.push(`taken as a gradient: the last layer says a scale of ${found!.toPrecision(3)}`);
    return { update: scaled(upright, scale ?? 1), kind: "gradient", sign, scale: scale ?? 1, notes };
  }
  const divisor = scale ?? (batchSize === 1 ? found : null);
  if (divisor === null) {
    const guess = found === null ? "" : ` (the last layer suggests about ${found.toPrecision(2)})`;
    throw new AmbiguousUpdateError(
      `the scale of the update cannot be told: say --scale with the learning rate times the local steps${guess}, or --kind gradient`,
    );
  }
  const origin = scale === undefined ? "found from the last layer, exact for one step on one image" : "as stated";
  notes.push(
    `divided by ${divisor.toPrecision(4)}, learning rate × local steps (${origin}): the attack takes it for one mean gradient`,
  );
  return { update: scaled(upright, divisor), kind: isWeights ? "weights" : "delta", sign, scale: divisor, notes };
}

const percent = (share: number) => `${(100 * share).toPrecision(2)} %`;
const scaled = (update: Update, divisor: number): Update =>
  divisor === 1 ? update : mapUpdate(update, (value) => value / divisor);

type Evidence = { readonly sign: 1 | -1 | null; readonly reason: string };

function signOf(
  kind: (typeof updateKinds)[number],
  stated: (typeof updateSigns)[number],
  evidence: Evidence,
  notes: string[],
): 1 | -1 {
  const against = (sign: 1 | -1) => evidence.sign !== null && evidence.sign !== sign;
  if (kind === "gradient" || kind === "weights" || stated !== "auto") {
    const sign = kind === "gradient" || kind === "weights" || stated === "global-local" ? 1 : -1;
    if (against(sign)) notes.push(`the last layer speaks against this sign: ${evidence.reason}`);
    return sign;
  }
  if (evidence.sign === null) {
    throw new AmbiguousUpdateError(
      `the sign of the update cannot be told: ${evidence.reason}; say --kind gradient, or --sign global-local (along the gradient) or local-global`,
    );
  }
  notes.push(`sign ${evidence.sign === 1 ? "of a gradient" : "turned"}: ${evidence.reason}`);
  return evidence.sign;
}

/**
 * The bias gradient of the last layer under cross-entropy is the mean of p - y: it adds up to zero, and only classes in the batch can be
 * negative. So a sign that would put more classes into the batch than it has images is the wrong one.
 */
function signEvidence({ head }: Model, update: Update, batchSize: number): Evidence {
  if (head.bias === undefined) return { sign: null, reason: "the last layer has no bias" };
  const bias = Float64Array.from(update.get(head.bias)!.data);
  const total = bias.reduce((sum, value) => sum + Math.abs(value), 0);
  const sum = bias.reduce((all, value) => all + value, 0);
  if (total === 0) return { sign: null, reason: "the last layer's bias has no gradient" };
  if (Math.abs(sum) > ADDS_UP * total) {
    return { sign: null, reason: "the last layer's bias entries do not add up to zero, as cross-entropy's do" };
  }
  const noise = 1e-6 * total;
  const [negative, positive] = [bias.filter((value) => value < -noise), bias.filter((value) => value > noise)];
  const counts = `${negative.length} of ${bias.length} bias entries of the last layer are negative, ${positive.length} positive`;
  const [asIs, turned] = [negative.length <= batchSize, positive.length <= batchSize];
  if (asIs === turned) {
    const images = `${batchSize} image${batchSize > 1 ? "s" : ""}`;
    return { sign: null, reason: `${counts}, and ${asIs ? "both signs fit" : "no sign fits"} ${images}` };
  }
  return { sign: asIs ? 1 : -1, reason: counts };
}

/**
 * Factor by which `update` exceeds a mean gradient. Rows of classes that are not in the batch are p_c h, so that their weights over their
 * biases give the mean feature, whose probabilities under the known last layer the biases must equal. Exact for one image; null where there
 * is no bias, or where one image's biases do not follow the rule.
 */
function headScale(model: Model, weights: Weights, update: Update, batchSize: number): number | null {
  const { head, classes } = model;
  if (head.bias === undefined) return null;
  const [weight, bias] = [update.get(head.weight)!.data, update.get(head.bias)!.data];
  const absent = Array.from({ length: classes }, (_, c) => c).filter((c) => bias[c]! > 0);
  const mass = absent.reduce((sum, c) => sum + bias[c]!, 0);
  if (!(mass > 0)) return null;
  const features = weight.length / classes;
  const mean = Float64Array.from(
    { length: features },
    (_, m) => absent.reduce((sum, c) => sum + weight[c * features + m]!, 0) / mass,
  );
  const predicted = probabilities(weights.get(head.weight)!.data, weights.get(head.bias)!.data, mean);
  const scale = mass / absent.reduce((sum, c) => sum + predicted[c]!, 0);
  const followed = batchSize > 1 || absent.every((c) => Math.abs(bias[c]! - scale * predicted[c]!) < ADDS_UP * mass);
  return followed && Number.isFinite(scale) && scale > 0 ? scale : null;
}

function probabilities(weight: FloatArray, bias: FloatArray, features: Float64Array): Float64Array {
  const logits = Float64Array.from(bias, (offset, c) =>
    features.reduce((sum, value, m) => sum + value * weight[c * features.length + m]!, offset),
  );
  const top = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - top));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

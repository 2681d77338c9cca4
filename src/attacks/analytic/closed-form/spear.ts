// SPEAR: all images of a batch from the gradient of a first fully connected layer with ReLU, without labels. ∂L/∂W = ∂L/∂Z Xᵀ has the batch's
// size as its rank, and the zeros that ReLU leaves in ∂L/∂Z single out its columns (spec/attacks-analytic.md 2.3, equations rebuilt there).
import { z } from "zod";
import { solve } from "../../../math/linear-solve.js";
import { minimalNormLeastSquares, numericalRank, thinSvd } from "../../../math/svd.js";
import { sizeOf, tensor } from "../../../math/tensor.js";
import { addScaled, dot } from "../../../math/vector.js";
import { type AttackContext, defineAttack } from "../../define.js";
import { toPixels } from "../../optimization/pixels.js";
import {
  addDirection,
  type Direction,
  independent,
  leastUseful,
  sampleDirections,
  unitRows,
  zeroRows,
} from "./null-directions.js";
import { spearProofs } from "./spear-proofs.js";

const options = z.object({
  draws: z
    .int()
    .min(1)
    .default(4_000_000)
    .describe("null vectors drawn at most; a batch of b takes about 2^(b-1) times ln b"),
  share: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe("τ: share of the active rows that a candidate must make zero; bright pictures leave as few as 0.13"),
  zero: z.number().gt(0).default(3e-5).describe("what counts as zero, with the factor's rows at length 1"),
  rankTolerance: z
    .number()
    .gt(0)
    .default(1e-5)
    .describe("singular values below this share of the largest are rounding"),
  agreement: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      "λ: share of units whose gradient is there exactly where the recovered sample activates them; the search stops at it",
    ),
});
type Options = z.infer<typeof options>;

const CHUNK = 256;
/** Candidates that are exchanged for chosen ones: the best so many, times the batch's size. */
const CONSIDERED = 3;
/** Pre-activations below this share of the largest may have either sign, for the rounding of the recovered sample. */
const DOUBT = 1e-4;

interface Layer {
  /** ∂L/∂W [units, inputs]. */
  readonly gradient: Float64Array;
  readonly biasGradient: Float64Array;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** ∂L/∂W = L R, rank b, L orthonormal, with what the search needs of it. */
interface Factors {
  /** L, b entries for every unit. */
  readonly rows: readonly Float64Array[];
  /** The same at length 1. */
  readonly units: readonly Float64Array[];
  /** W Rᵀ, b entries for every unit: activations follow from it without forming images. */
  readonly projected: readonly Float64Array[];
}

interface Attempt {
  /** Q⁻¹, row-major: row j makes sample j of the rows of R. */
  readonly inverse: Float64Array;
  /** λ of each sample (step 8). */
  readonly agreements: readonly number[];
}

/** Steps 7 and 8: the scales from the bias gradient, and how well the samples explain which units were active. */
function attempt(
  layer: Layer,
  chosen: readonly Direction[],
  { rows, units, projected }: Factors,
  zero: number,
): Attempt {
  const b = chosen.length;
  const columns = new Float64Array(rows.length * b);
  rows.forEach((row, i) => {
    chosen.forEach(({ q }, j) => {
      columns[i * b + j] = dot(row, q);
    });
  });
  const { x: scales } = minimalNormLeastSquares(columns, layer.biasGradient, b);
  const q = Float64Array.from({ length: b * b }, (_, at) => chosen[at % b]!.q[Math.floor(at / b)]! * scales[at % b]!);
  const inverse = new Float64Array(b * b);
  // A sample that no bias gradient speaks of has scale 0, and Q no inverse.
  if (scales.every((scale) => scale !== 0)) {
    for (let k = 0; k < b; k++) {
      const unit = Float64Array.from({ length: b }, (_, i) => Number(i === k));
      solve(q, unit).forEach((entry, j) => {
        inverse[j * b + k] = entry;
      });
    }
  }
  const agreements = chosen.map((direction, j) => {
    const silent = zeroRows(units, direction.q, zero);
    const mix = inverse.subarray(j * b, (j + 1) * b);
    const before = projected.map((row, unit) => dot(row, mix) + layer.bias[unit]!);
    const doubt = DOUBT * Math.max(...before.map(Math.abs));
    const agreeing = silent.filter((zeroed, unit) => Math.abs(before[unit]!) <= doubt || before[unit]! > 0 !== zeroed);
    return agreeing.length / rows.length;
  });
  return { inverse, agreements };
}

/** Model-space images, one after the other: Xᵀ = Q⁻¹ R. */
function imagesOf({ inverse, agreements: { length: b } }: Attempt, right: readonly Float64Array[]): Float64Array {
  const size = right[0]!.length;
  const images = new Float64Array(b * size);
  for (let j = 0; j < b; j++) {
    for (let k = 0; k < b; k++) addScaled(images.subarray(j * size, (j + 1) * size), inverse[j * b + k]!, right[k]!);
  }
  return images;
}

const least = ({ agreements }: Attempt): number => Math.min(...agreements);
const total = ({ agreements }: Attempt): number => agreements.reduce((sum, share) => sum + share, 0);

/** Step 6: the best independent candidates, then one exchange after the other as long as more units agree. */
function select(found: readonly Direction[], b: number, enough: number, judge: (chosen: Direction[]) => Attempt) {
  let chosen = independent(found, b);
  if (chosen.length < b) return null;
  let best = judge(chosen);
  for (const candidate of found.slice(0, CONSIDERED * b).filter((each) => !chosen.includes(each))) {
    if (least(best) >= enough) break;
    for (let out = 0; out < b; out++) {
      const exchanged = chosen.map((each, i) => (i === out ? candidate : each));
      if (independent(exchanged, b).length < b) continue;
      const other = judge(exchanged);
      if (total(other) > total(best)) [chosen, best] = [exchanged, other];
    }
  }
  return best;
}

/** Units that never fired and have no gradient say nothing, and would count as zeros of every candidate. */
function activeUnits({ gradient, biasGradient, weight, bias }: Layer): Layer {
  const size = gradient.length / bias.length;
  const active = [...biasGradient.keys()].filter((unit) =>
    gradient.subarray(unit * size, (unit + 1) * size).some((g) => g !== 0),
  );
  const rowsOf = (matrix: Float64Array): Float64Array => {
    const kept = new Float64Array(active.length * size);
    active.forEach((unit, i) => {
      kept.set(matrix.subarray(unit * size, (unit + 1) * size), i * size);
    });
    return kept;
  };
  return {
    gradient: rowsOf(gradient),
    weight: rowsOf(weight),
    biasGradient: Float64Array.from(active, (unit) => biasGradient[unit]!),
    bias: Float64Array.from(active, (unit) => bias[unit]!),
  };
}

async function search(layer: Layer, batchSize: number, options: Options, context: AttackContext) {
  const { values, left, right } = thinSvd(layer.gradient, layer.bias.length, layer.gradient.length / layer.bias.length);
  const b = numericalRank(values, options.rankTolerance);
  const rank = `the first layer's gradient has rank ${b} of a batch of ${batchSize}`;
  const state = { draws: 0, exhausted: false, best: null as Attempt | null };
  if (b === 0 || b > batchSize) return { ...state, rank, found: 0, curve: [], images: null };
  const units = Array.from(layer.bias.keys());
  const rows = units.map((i) => Float64Array.from({ length: b }, (_, k) => left[k]![i]!));
  const basis = right.slice(0, b).map((row, k) => row.map((entry) => entry * values[k]!));
  const size = basis[0]!.length;
  const projected = units.map((i) =>
    Float64Array.from(basis, (row) => dot(layer.weight.subarray(i * size, (i + 1) * size), row)),
  );
  const unit = unitRows(rows);
  const judge = (chosen: readonly Direction[]) =>
    attempt(layer, chosen, { rows, units: unit, projected }, options.zero);
  const random = context.random.split("directions");
  const found: Direction[] = [];
  const curve: { iteration: number; loss: number }[] = [];
  while (state.draws < options.draws && rows.length >= b) {
    let fresh = false;
    const filter = { zero: options.zero, least: Math.max(options.share * unit.length, leastUseful(found)) };
    for (let i = 0; i < CHUNK && state.draws < options.draws; i++, state.draws++) {
      for (const direction of sampleDirections(unit, filter, random)) {
        const place = addDirection(found, direction);
        if (place >= 0 && place < CONSIDERED * b) fresh = true;
      }
    }
    if (fresh && found.length >= b) {
      const best = select(found, b, options.agreement, judge);
      if (best && (!state.best || total(best) > total(state.best))) state.best = best;
    }
    const loss = state.best ? 1 - least(state.best) : 1;
    curve.push({ iteration: state.draws, loss });
    context.progress({ iteration: state.draws, total: options.draws, loss });
    if (state.best && least(state.best) >= options.agreement) break;
    await new Promise((resolve) => setTimeout(resolve, 0));
    context.signal.throwIfAborted();
    state.exhausted = context.outOfTime();
    if (state.exhausted) break;
  }
  // Images that explain no activations are no claim.
  const solved = state.best && least(state.best) >= options.agreement;
  const images = state.best && solved ? imagesOf(state.best, basis) : null;
  return { ...state, rank, found: found.length, curve, images };
}

export default defineAttack({
  id: "spear",
  title: "SPEAR",
  summary:
    "Factors the gradient of a first fully connected layer and finds the factors' true form by the zeros that ReLU leaves; exact for whole batches.",
  paper: {
    authors: "Dimitrov, Baader, Müller, Vechev",
    title: "SPEAR: Exact Gradient Inversion of Batches in Federated Learning",
    year: 2024,
    venue: "NeurIPS",
    seedRef: 12,
    url: "https://arxiv.org/abs/2403.03945",
  },
  reconstructed:
    "No code was found and the paper was read in its abstract and reviews; the equations were rebuilt from them and checked numerically.",
  category: "analytic/closed-form",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 25 },
  options,
  control: { model: "fc6", batchSize: 4, seed: 1, options: {}, bar: 80 },
  proofs: spearProofs,
  async run({ observation: { updates, basicKnowledge } }, chosen, context) {
    const { payload, view } = updates.rounds[0]!;
    const { model, weights } = payload;
    const [weight, bias] = model.parameters;
    const size = sizeOf(model.inputShape);
    if (weight?.shape.length !== 2 || weight.shape[1] !== size || bias?.shape.length !== 1) {
      throw new RangeError(
        `spear expects a model that begins with a fully connected layer with a bias on ${size} inputs, got ${model.id} with ` +
          `${weight?.name} [${weight?.shape}], ${bias?.name} [${bias?.shape}]: choose one such as fc6 or mlp`,
      );
    }
    const layer = activeUnits({
      gradient: Float64Array.from(view.update.get(weight.name)!.data),
      biasGradient: Float64Array.from(view.update.get(bias.name)!.data),
      weight: Float64Array.from(weights.get(weight.name)!.data),
      bias: Float64Array.from(weights.get(bias.name)!.data),
    });
    const { rank, draws, found, exhausted, best, curve, images } = await search(
      layer,
      basicKnowledge.batchSize,
      chosen,
      context,
    );
    const outcome =
      best === null
        ? found === 0
          ? "no candidate passes the filter"
          : `${found} candidates, fewer independent ones than images`
        : `${found} candidates, active units explained for the worst image: ${(100 * least(best)).toFixed(1)} %`;
    const agreements = best && images ? best.agreements : [];
    const shape = [agreements.length, ...model.inputShape];
    return {
      inputs: images ? toPixels(images, shape, basicKnowledge.normalization) : tensor(shape, new Float64Array(0)),
      confidence: agreements,
      curve,
      iterations: draws,
      exhausted: exhausted || (!images && draws >= chosen.draws),
      notes: [rank, `${draws} null vectors drawn; ${outcome}`],
    };
  },
});

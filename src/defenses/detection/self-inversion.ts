// D4 of spec/defenses.md section 22: divides the rows of one's own update as a server would (x = ∂W_i / ∂b_i, Phong et al. 2018) and
// counts those that give one sample's input back, with a cosine above 0.999. A quarter of the honest models measured leak a batch of 16 in
// some layer (MLPs their pixels, saturated heads their features): these alarms are true, and say nothing of the server.
import type { Update } from "../../federated/hooks.js";
import { defineDetector, type Reading } from "./define.js";
import { biasOf, countOf, inner, linearOf, norm, rowOf } from "./matrices.js";

const SAME = 0.999;
/** A layer that reads several tokens per sample has a gradient of higher rank; its inputs cannot be told from it. */
const RANK_ONE = 1e-3;

export const detector = defineDetector({
  id: "self-inversion",
  number: "D4",
  title: "Self-inversion",
  summary: "Inverts one's own update layer by layer, and counts the rows from which a sample's input comes back.",
  source: "own test for the quotient of Phong et al. 2018 (spec/defenses.md section 22, D4)",
  action: "quarantine",
  criteria: {
    "leaking-rows": {
      score: "the share of rows from which one sample's input comes back",
      flags: "above",
      threshold: 0.01,
      basis: "spec",
      falseAlarms: { alarms: 60, models: 240 },
    },
  },
  limits:
    "an alarm says that this upload leaks, not that the server means it; a first fully connected layer leaks small batches by itself",
  measure(_, { local }) {
    if (!local) return "needs a batch of the client's own data";
    const fresh = new Map(leaks(local.fresh).map(({ name, ...leak }) => [name, leak]));
    return {
      "leaking-rows": leaks(local.perSample).map(({ name, share, rows, alone }): Reading => {
        const without = fresh.get(name);
        const compared = without ? `; of fresh weights ${percent(without.share)} of the rows leak` : "";
        return { score: share, where: name, detail: `${alone} of ${rows} rows hold a single sample${compared}` };
      }),
    };
  },
});

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;

interface Leak {
  readonly name: string;
  readonly rows: number;
  /** Of the rows whose quotient is one sample's input. */
  readonly share: number;
  /** Rows whose gradient comes from exactly one sample. */
  readonly alone: number;
}

/** Every fully connected layer with a bias. */
function leaks(perSample: readonly Update[]): Leak[] {
  const [first] = perSample;
  if (!first) return [];
  return linearOf(first).flatMap(({ name }) => {
    const layers = perSample.map((update) => {
      const matrix = linearOf(update).find((each) => each.name === name)!;
      return { matrix, bias: biasOf(update, matrix) };
    });
    const inputs: ArrayLike<number>[] = [];
    const upstream: ArrayLike<number>[] = [];
    for (const { matrix, bias } of layers) {
      if (!bias) return [];
      const input = inputOf(matrix, bias);
      if (input === "several") return [];
      if (!input) continue;
      inputs.push(input);
      upstream.push(bias);
    }
    const { rows } = layers[0]!.matrix;
    return [{ name, rows, ...count(rows, inputs, upstream) }];
  });
}

/** The layer's input for one sample; null when the sample's gradient vanishes. */
function inputOf(matrix: Parameters<typeof rowOf>[0], bias: ArrayLike<number>): Float64Array | "several" | null {
  const bySize = Array.from({ length: bias.length }, (_, row) => row).sort(
    (a, b) => Math.abs(bias[b]!) - Math.abs(bias[a]!),
  );
  const [strongest, next] = bySize as [number, number | undefined];
  if (bias[strongest] === 0) return null;
  const input = Float64Array.from(rowOf(matrix, strongest), (value) => value / bias[strongest]!);
  if (next === undefined) return input;
  const other = rowOf(matrix, next);
  const rest = norm(Float64Array.from(other, (value, i) => value - bias[next]! * input[i]!));
  return rest > RANK_ONE * norm(other) ? "several" : input;
}

/**
 * Every row's quotient is a mix Σ a_k x_k of the inputs with a_k = δ_k / Σδ, so that its cosines follow from the inputs' products alone,
 * without forming it.
 */
function count(rows: number, inputs: readonly ArrayLike<number>[], upstream: readonly ArrayLike<number>[]) {
  const products = inputs.map((a) => inputs.map((b) => inner(a, b)));
  let [hits, alone] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const deltas = upstream.map((bias) => bias[row]!);
    const total = deltas.reduce((sum, delta) => sum + delta, 0);
    if (countOf(deltas, (delta) => delta !== 0) === 1) alone++;
    if (total === 0) continue;
    const mix = deltas.map((delta) => delta / total);
    const along = products.map((each) => inner(each, mix));
    const length = Math.sqrt(inner(along, mix));
    if (along.some((product, sample) => product > SAME * length * Math.sqrt(products[sample]![sample]!))) hits++;
  }
  return { share: hits / rows, alone };
}

// D6 of spec/defenses.md section 22: a filter of the first convolution that is one weight and nearly nothing else hands pixels on to a
// layer that traps them. Transmission SNR of Garov et al. 2024 (SEER, detectability/detectability.py): max|w| / (sum|w| - max|w|).
import type { Payload } from "../../federated/hooks.js";
import { asDefense, defineDetector } from "./define.js";
import { type Matrix, matricesOf, rowOf } from "./matrices.js";

/** Of a 1x1 convolution on colour pictures, one weight in three easily outweighs the rest. */
const FEWEST_COLUMNS = 9;

export const detector = defineDetector({
  id: "transmission-snr",
  number: "D6",
  title: "Transmission SNR",
  summary: "Looks for filters of the first convolution that pass a pixel on unchanged.",
  source: "Garov et al. 2024, Hiding in Plain Sight, ICLR (SEER; read in code)",
  action: "quarantine",
  criteria: {
    "largest-weight": {
      score: "a filter's largest weight, as a multiple of all its others together,",
      flags: "above",
      threshold: 1,
      basis: "code",
      falseAlarms: { alarms: 0, models: 360 },
    },
  },
  limits: "pixels can travel in pairs or through several layers, and learnt filters (SEER) pass",
  measure(payload) {
    return {
      "largest-weight": firstConvolutions(payload).flatMap((matrix) =>
        Array.from({ length: matrix.rows }, (_, filter) => ({
          score: largestShare(rowOf(matrix, filter)),
          where: `${matrix.name}, filter ${filter}`,
        })),
      ),
    };
  },
});

/** The model's first convolution, and whatever convolution the server put in beside the model's own. */
function firstConvolutions({ model, weights }: Payload): Matrix[] {
  const convolutions = matricesOf(weights).filter(
    ({ kind, columns }) => kind === "convolution" && columns >= FEWEST_COLUMNS,
  );
  const first = model.parameters.find(({ shape }) => shape.length === 4)?.name;
  const known = new Set(model.parameters.map(({ name }) => name));
  return convolutions.filter(({ name }) => name === first || !known.has(name));
}

/** NaN for a filter of zeros. */
function largestShare(filter: ArrayLike<number>): number {
  let [sum, largest] = [0, 0];
  for (let i = 0; i < filter.length; i++) {
    const size = Math.abs(filter[i]!);
    sum += size;
    largest = Math.max(largest, size);
  }
  return largest / (sum - largest);
}

export default asDefense(detector);

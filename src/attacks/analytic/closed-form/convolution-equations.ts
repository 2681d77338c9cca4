// What one convolution says of its input x (spec/attacks-analytic.md 2.1, step 4): K x = ∂L/∂kernel and W x = output, as one sparse system over the
// positions of x without padding. Rows of K are scaled to the size of those of W, so that neither drowns in the other's rounding.
import { type SparseMatrix, sparseMatrix } from "../../../math/sparse.js";
import { type FloatArray, sizeOf } from "../../../math/tensor.js";
import type { ConvolutionStep } from "./invertible-chain.js";

export interface Equations {
  readonly matrix: SparseMatrix;
  readonly right: Float64Array;
}

/** Calls `visit` for every product of the convolution: entry of the kernel, of the input, of the output. */
export function visitProducts(
  { from, to, kernel, strides, pads }: ConvolutionStep,
  visit: (weight: number, input: number, output: number) => void,
): void {
  const [channels, height, width] = from as [number, number, number];
  const [filters, rows, columns] = to as [number, number, number];
  const [high, wide] = kernel as [number, number];
  for (let o = 0; o < filters; o++) {
    for (let c = 0; c < channels; c++) {
      for (let ky = 0; ky < high; ky++) {
        for (let kx = 0; kx < wide; kx++) {
          const weight = ((o * channels + c) * high + ky) * wide + kx;
          for (let y = 0; y < rows; y++) {
            const iy = y * strides[0]! + ky - pads[0]!;
            if (iy < 0 || iy >= height) continue;
            for (let x = 0; x < columns; x++) {
              const ix = x * strides[1]! + kx - pads[1]!;
              if (ix < 0 || ix >= width) continue;
              visit(weight, (c * height + iy) * width + ix, (o * rows + y) * columns + x);
            }
          }
        }
      }
    }
  }
}

/** The equations of one layer: `k` is ∂L/∂output, `output` the pre-activation, `gradient` ∂L/∂kernel. */
export function convolutionEquations(
  step: ConvolutionStep,
  weight: FloatArray,
  gradient: FloatArray,
  k: Float64Array,
  output: Float64Array,
): Equations {
  const [unknowns, outputs] = [sizeOf(step.from), sizeOf(step.to)];
  const rows: (readonly [number, number])[][] = Array.from({ length: gradient.length + outputs }, () => []);
  let [ofK, ofW] = [0, 0];
  visitProducts(step, (w, i, o) => {
    rows[w]!.push([i, k[o]!]);
    rows[gradient.length + o]!.push([i, weight[w]!]);
    ofK += k[o]! ** 2;
    ofW += weight[w]! ** 2;
  });
  const scale = Math.sqrt(ofW / outputs / (ofK / gradient.length));
  const scaled = rows.map((row, i) => (i < gradient.length ? row.map(([j, v]) => [j, v * scale] as const) : row));
  const right = new Float64Array(rows.length);
  for (let i = 0; i < gradient.length; i++) right[i] = gradient[i]! * scale;
  right.set(output, gradient.length);
  return { matrix: sparseMatrix(unknowns, scaled), right };
}

/** Unknowns less equations, where that is positive: so many directions of the layer's input are out of reach, at least. */
export const deficit = ({ from, to, kernel }: ConvolutionStep): number =>
  Math.max(0, sizeOf(from) - sizeOf(to) - to[0]! * from[0]! * sizeOf(kernel));

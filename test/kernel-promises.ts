// Kernels that a provider of the runtime had wrong or not at all, against loops of our own: convolutions by channels and groups with their input
// gradients, signs, winners of pools. A part of what every backend promises (test/backend-promises.ts).
import type { Backend } from "../src/engine/backends/backend.js";
import {
  compile,
  conv,
  convInputGrad,
  createGraph,
  grad,
  maxPool,
  mul,
  type Node,
  sign,
  sum,
} from "../src/engine/index.js";
import { type DType, type FloatArray, sizeOf } from "../src/math/tensor.js";
import { draw } from "./draw.js";

const EXTENT = 5;
const KERNEL = 3;
/** Channels in, channels out, groups. */
const cases = [
  [3, 4, 1],
  [6, 4, 1],
  [9, 8, 1],
  [6, 4, 2],
  [6, 3, 3],
  [6, 6, 6],
  [4, 8, 2],
] as const;

interface Wanted {
  readonly name: string;
  readonly values: Float64Array;
}

/** Stride 1, padding 1. */
function convolve(x: FloatArray, w: FloatArray, [inputs, outputs, groups]: (typeof cases)[number]): Float64Array {
  const [perGroup, area] = [inputs / groups, EXTENT * EXTENT];
  return Float64Array.from({ length: outputs * area }, (_, at) => {
    const [out, row, column] = [Math.floor(at / area), Math.floor(at / EXTENT) % EXTENT, at % EXTENT];
    const first = Math.floor(out / (outputs / groups)) * perGroup;
    let total = 0;
    for (let channel = 0; channel < perGroup; channel++)
      for (let i = 0; i < KERNEL; i++)
        for (let j = 0; j < KERNEL; j++) {
          const [y, z] = [row + i - 1, column + j - 1];
          if (y < 0 || z < 0 || y >= EXTENT || z >= EXTENT) continue;
          total +=
            w[((out * perGroup + channel) * KERNEL + i) * KERNEL + j]! * x[(first + channel) * area + y * EXTENT + z]!;
        }
    return total;
  });
}

/** Rejects with the first output that is off. */
export async function checkKernels(backend: Backend, dtype: DType): Promise<void> {
  const graph = createGraph();
  const feeds: Record<string, FloatArray> = {};
  const outputs: Record<string, Node> = {};
  const wanted: Wanted[] = [];
  const input = (name: string, shape: readonly number[], seed: number) => {
    feeds[name] = draw(seed, sizeOf(shape));
    return graph.input(name, shape);
  };
  for (const [position, each] of cases.entries()) {
    const [inputs, channels, groups] = each;
    const window = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups } as const;
    const x = input(`x${position}`, [1, inputs, EXTENT, EXTENT], 3 * position);
    const w = input(`w${position}`, [channels, inputs / groups, KERNEL, KERNEL], 3 * position + 1);
    const dy = input(`dy${position}`, [1, channels, EXTENT, EXTENT], 3 * position + 2);
    const [name, adjoint] = [`conv of ${each}`, `adjoint of conv of ${each}`];
    outputs[name] = conv(x, w, window);
    const expected = convolve(feeds[`x${position}`]!, feeds[`w${position}`]!, each);
    wanted.push({ name, values: expected });
    // <conv x, dy> = <x, adjoint dy>
    outputs[adjoint] = sum(mul(x, convInputGrad(dy, w, window, x.shape)));
    const inner = expected.reduce((total, value, i) => total + value * feeds[`dy${position}`]![i]!, 0);
    wanted.push({ name: adjoint, values: Float64Array.of(inner) });
  }
  const x = input("x", [1, 1, 4, 4], 50);
  outputs.sign = sign(x);
  wanted.push({ name: "sign", values: Float64Array.from(feeds.x!, Math.sign) });
  outputs.winners = grad(sum(maxPool(x, { kernel: [2, 2], strides: [2, 2] })), [x])[0]!;
  wanted.push({
    name: "winners",
    values: Float64Array.from(feeds.x!, (value, at) => Number(value === largestBeside(feeds.x!, at))),
  });

  const program = await compile(outputs, { backend, dtype });
  const results = await program.run(feeds);
  await program.dispose();
  for (const { name, values } of wanted) {
    const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - results[name]![i]!)), 0);
    if (!(error < (dtype === "float32" ? 1e-4 : 1e-12))) throw new Error(`broken: ${name}, off by ${error}`);
  }
}

/** Largest of the 2x2 window of a 4x4 map that an entry lies in. */
function largestBeside(map: FloatArray, at: number): number {
  const corner = at - (at % 2) - 4 * (Math.floor(at / 4) % 2);
  return Math.max(...[0, 1, 4, 5].map((offset) => map[corner + offset]!));
}

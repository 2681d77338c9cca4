// How fast a backend is at what attacks do: small measurements, for the choice of a device and for `leakscope doctor`.
import { createRandom } from "../../math/random.js";
import { type DType, sizeOf } from "../../math/tensor.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, type Node } from "../graph.js";
import { conv } from "../ops/convolution.js";
import { mul, sigmoid, square, sub } from "../ops/elementwise.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { squareWindow } from "../ops/window.js";
import type { Backend } from "./backend.js";

/** Seconds. */
const LONG = 0.5;

/** Of one run, the best of three. */
export interface BackendSpeed {
  /** Seconds of a gradient-matching step of a small convolutional net on one image: what an audit mostly does. */
  readonly step: number;
  /** GFLOP/s of a product of two matrices of 1024 x 1024. */
  readonly product: number;
  /** The same in float64; null where the backend has none. */
  readonly product64: number | null;
  /** GFLOP/s of a 3x3 convolution of 64 channels on 8 maps of 32 x 32. */
  readonly convolution: number;
}

const MATRIX = 1024;
const [BATCH, CHANNELS, EXTENT] = [8, 64, 32];
const GIGA = 1e9;

/** Takes about a second on two cores. */
export async function speedOf(backend: Backend): Promise<BackendSpeed> {
  const flops = 2 * MATRIX ** 3;
  const convolutionFlops = 2 * BATCH * CHANNELS ** 2 * 9 * EXTENT ** 2;
  const rate = (count: number, seconds: number) => count / seconds / GIGA;
  return {
    step: await bestOf(backend, matchingStep()),
    product: rate(flops, await bestOf(backend, product())),
    product64: backend.dtypes.includes("float64") ? rate(flops, await bestOf(backend, product(), "float64")) : null,
    convolution: rate(convolutionFlops, await bestOf(backend, convolution())),
  };
}

function product(): Record<string, Node> {
  const graph = createGraph();
  return { y: sum(matmul(graph.input("a", [MATRIX, MATRIX]), graph.input("b", [MATRIX, MATRIX]))) };
}

function convolution(): Record<string, Node> {
  const graph = createGraph();
  const x = graph.input("x", [BATCH, CHANNELS, EXTENT, EXTENT]);
  return { y: sum(conv(x, graph.input("w", [CHANNELS, CHANNELS, 3, 3]), squareWindow({ padding: 1 }))) };
}

function matchingStep(): Record<string, Node> {
  const graph = createGraph();
  const x = graph.input("x", [1, 3, 32, 32]);
  const weights = [graph.input("w0", [12, 3, 5, 5]), graph.input("w1", [12, 12, 5, 5])];
  const features = weights.reduce(
    (input, weight) => sigmoid(conv(input, weight, squareWindow({ stride: 2, padding: 2 }))),
    x,
  );
  const gradients = grad(sum(square(features)), weights);
  const distance = gradients.map((each, i) => sum(square(sub(each, graph.input(`t${i}`, each.shape)))));
  const loss = mul(distance[0]!, distance[1]!);
  return { loss, toInput: grad(loss, [x])[0]! };
}

async function bestOf(backend: Backend, outputs: Record<string, Node>, dtype: DType = "float32"): Promise<number> {
  const program = await compile(outputs, { backend, dtype });
  const random = createRandom(1);
  const feeds = Object.fromEntries(
    [...program.inputs].map(([name, shape]) => {
      const values = dtype === "float32" ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
      random.fillUniform(values, 0, 1);
      return [name, values];
    }),
  );
  try {
    const timed = async () => {
      const started = performance.now();
      await program.run(feeds);
      return (performance.now() - started) / 1000;
    };
    // The first run of a session allocates and, on a GPU, compiles; one that takes long says enough.
    const first = await timed();
    return first > LONG ? first : Math.min(await timed(), await timed(), await timed());
  } finally {
    await program.dispose();
  }
}

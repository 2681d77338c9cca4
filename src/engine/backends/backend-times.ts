// How fast a backend is at what attacks do: two small measurements, for the choice of a device.
import { createRandom } from "../../math/random.js";
import { sizeOf } from "../../math/tensor.js";
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

/** Seconds of one run each, the best of three. */
export interface BackendTimes {
  /** A gradient-matching step of a small convolutional net on one image: what an audit mostly does. */
  readonly step: number;
  /** A product of two matrices of 1024 x 1024, 2.1 GFLOP. */
  readonly product: number;
}

export async function timeBackend(backend: Backend): Promise<BackendTimes> {
  return { step: await bestOf(backend, matchingStep()), product: await bestOf(backend, product()) };
}

function product(): Record<string, Node> {
  const graph = createGraph();
  return { y: sum(matmul(graph.input("a", [1024, 1024]), graph.input("b", [1024, 1024]))) };
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

async function bestOf(backend: Backend, outputs: Record<string, Node>): Promise<number> {
  const program = await compile(outputs, { backend, dtype: "float32" });
  const random = createRandom(1);
  const feeds = Object.fromEntries(
    [...program.inputs].map(([name, shape]) => {
      const values = new Float32Array(sizeOf(shape));
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

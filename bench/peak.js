// The machine's best kernel of ONNX Runtime, measured in the same run: what shareOfPeak refers to. Float64 has no
// convolution kernel.
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { compile, conv, createGraph, matmul, sigmoid, squareWindow, sum } from "../dist/engine/index.js";
import { sizeOf, tensor } from "../dist/math/tensor.js";
import { timedBlock } from "./statistics.js";

const CHAIN = 8;

/** A chain of 3x3 convolutions that stays in the runtime's blocked layout (NCHWc), { flops, scalar }. */
function convolutions(graph, bind, batch, channels, extent) {
  const shape = [channels, channels, 3, 3];
  let value = graph.input("x", [batch, channels, extent, extent]);
  for (let i = 0; i < CHAIN; i++) {
    bind[`w${i}`] = tensor(shape, new Float32Array(sizeOf(shape)).fill(1 / sizeOf([channels, 9])));
    value = conv(value, graph.input(`w${i}`, shape), squareWindow({ padding: 1 }));
  }
  return { flops: CHAIN * 2 * batch * channels * channels * 9 * extent * extent, scalar: sum(value) };
}

/** A chain of 5x5 convolutions and sigmoids as small as LeNet's: more calls than arithmetic. */
function smallNodes(graph, bind) {
  const shape = [12, 12, 5, 5];
  let value = graph.input("x", [1, 12, 16, 16]);
  for (let i = 0; i < 2 * CHAIN; i++) {
    bind[`w${i}`] = tensor(shape, new Float32Array(sizeOf(shape)).fill(1 / sizeOf(shape.slice(1))));
    value = sigmoid(conv(value, graph.input(`w${i}`, shape), squareWindow({ padding: 2 })));
  }
  return { flops: 2 * CHAIN * 2 * sizeOf(shape) * 16 * 16, scalar: sum(value) };
}

function gemm(graph, bind, size) {
  bind.w = tensor([size, size], new Float32Array(size * size).fill(1 / size));
  return { flops: 2 * size ** 3, scalar: sum(matmul(graph.input("x", [size, size]), graph.input("w", [size, size]))) };
}

/** Yardsticks of the guard that are not the machine's best. */
const others = { "Conv 12 channels 16x16": smallNodes };

const kernels = {
  float32: {
    "Conv 64 channels 32x32": (graph, bind) => convolutions(graph, bind, 4, 64, 32),
    "Conv 128 channels 16x16": (graph, bind) => convolutions(graph, bind, 4, 128, 16),
    "Gemm 1024": (graph, bind) => gemm(graph, bind, 1024),
  },
  float64: { "Gemm 1024": (graph, bind) => gemm(graph, bind, 1024) },
};

/** A kernel by precision and name, ready to run: { flops, run, dispose }. */
export async function openKernel(dtype, kernel, { threads } = {}) {
  const graph = createGraph();
  const bind = {};
  const { flops, scalar } = (kernels[dtype][kernel] ?? others[kernel])(graph, bind);
  const program = await compile({ scalar }, { backend: nodeCpu(threads ? { threads } : {}), dtype, bind });
  const make = dtype === "float32" ? Float32Array : Float64Array;
  const x = make.from({ length: sizeOf(program.inputs.get("x")) }, (_, i) => (i % 7) / 7);
  return { flops, run: () => program.run({ x }), dispose: () => program.dispose() };
}

/** { gflops, kernel } of the best kernel by precision; the best block of several, as disturbance only slows down. */
export async function measurePeaks({ dtypes, blocks, blockMs }) {
  const peaks = {};
  for (const dtype of dtypes) {
    for (const kernel of Object.keys(kernels[dtype])) {
      const { flops, run, dispose } = await openKernel(dtype, kernel);
      for (let block = 0; block < blocks; block++) {
        const gflops = flops / (await timedBlock(run, blockMs)) / 1e6;
        if (!(gflops <= peaks[dtype]?.gflops)) peaks[dtype] = { gflops, kernel };
      }
      await dispose();
    }
  }
  return peaks;
}

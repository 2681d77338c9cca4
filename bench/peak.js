// The machine's best kernel of ONNX Runtime, measured in the same run: what shareOfPeak refers to. Float64 has no convolution kernel.
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { compile, conv, createGraph, matmul, squareWindow, sum } from "../dist/engine/index.js";
import { sizeOf, tensor } from "../dist/math/tensor.js";
import { timedBlock } from "./statistics.js";

const CHAIN = 8;

/** A chain of 3x3 convolutions that stays in the runtime's blocked layout, [flops, scalar node]. */
function convolutions(graph, bind, batch, channels, extent) {
  const shape = [channels, channels, 3, 3];
  let value = graph.input("x", [batch, channels, extent, extent]);
  for (let i = 0; i < CHAIN; i++) {
    bind[`w${i}`] = tensor(shape, new Float32Array(sizeOf(shape)).fill(1 / sizeOf([channels, 9])));
    value = conv(value, graph.input(`w${i}`, shape), squareWindow({ padding: 1 }));
  }
  return [CHAIN * 2 * batch * channels * channels * 9 * extent * extent, sum(value)];
}

function gemm(graph, bind, size) {
  bind.w = tensor([size, size], new Float32Array(size * size).fill(1 / size));
  return [2 * size ** 3, sum(matmul(graph.input("x", [size, size]), graph.input("w", [size, size])))];
}

const kernels = {
  float32: {
    "Conv 64 channels 32x32": (graph, bind) => convolutions(graph, bind, 4, 64, 32),
    "Conv 128 channels 16x16": (graph, bind) => convolutions(graph, bind, 4, 128, 16),
    "Gemm 1024": (graph, bind) => gemm(graph, bind, 1024),
  },
  float64: { "Gemm 1024": (graph, bind) => gemm(graph, bind, 1024) },
};

/** GFLOP/s of the best kernel by precision, and its name; the best block of several, since disturbance only ever slows down. */
export async function measurePeaks({ dtypes, blocks, blockMs }) {
  const peaks = {};
  for (const dtype of dtypes) {
    for (const [kernel, build] of Object.entries(kernels[dtype])) {
      const graph = createGraph();
      const bind = {};
      const [flops, scalar] = build(graph, bind);
      const program = await compile({ scalar }, { backend: nodeCpu(), dtype, bind });
      const x = (dtype === "float32" ? Float32Array : Float64Array).from(
        { length: sizeOf(program.inputs.get("x")) },
        (_, i) => (i % 7) / 7,
      );
      for (let block = 0; block < blocks; block++) {
        const gflops = flops / (await timedBlock(() => program.run({ x }), blockMs)) / 1e6;
        if (!(gflops <= peaks[dtype]?.gflops)) peaks[dtype] = { gflops, kernel };
      }
      await program.dispose();
    }
  }
  return peaks;
}

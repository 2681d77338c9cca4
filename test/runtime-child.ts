// Runs in a process of its own (src/models/runtime.test.ts): compiles and runs LeNet's matching step again and again, and prints how
// far the memory grew. Whatever the native runtime has to say goes to standard error, which the test expects to stay empty.
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, type Node, square, sub, sum } from "../src/engine/index.js";
import { createRandom } from "../src/math/random.js";
import { type DType, type FloatArray, sizeOf } from "../src/math/tensor.js";
import { initialise, parameterValues } from "../src/models/define.js";
import lenet from "../src/models/lenet.js";
import { traceLoss } from "../src/models/loss.js";

const random = createRandom(1);
const model = lenet([3, 32, 32], 10);
const bind = parameterValues(initialise(model, random));
const graph = createGraph();
const x = graph.input("x", [1, 3, 32, 32]);
const labels = graph.input("labels", [1, 10]);
const { loss, gradients } = traceLoss(model, x, labels);
const targets = gradients.map((part, i) => graph.input(`target${i}`, part.shape));
const distance = gradients
  .map((part, i) => sum(square(sub(part, targets[i]!))))
  .reduce((total, term) => add(total, term));
const outputs = { loss, distance, toInput: grad(distance, [x])[0]! };

async function cycle(dtype: DType): Promise<void> {
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype, bind });
  const feeds: Record<string, FloatArray> = {};
  const feed = ({ attributes, shape }: Node) => {
    const values = new Float64Array(sizeOf(shape));
    random.fillUniform(values, 0, 1);
    feeds[attributes.name as string] = values;
  };
  [x, labels, ...targets].forEach(feed);
  const { toInput } = await program.run(feeds);
  if (!toInput.every(Number.isFinite)) throw new Error(`${dtype}: the gradient is not finite`);
  await program.dispose();
}

const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};

for (let i = 0; i < 12; i++) await cycle(i % 2 === 0 ? "float32" : "float64");
const before = megabytes();
for (let i = 0; i < 60; i++) await cycle(i % 2 === 0 ? "float32" : "float64");
process.stdout.write(JSON.stringify({ before, after: megabytes() }));

// Runs in a process of its own (src/models/runtime.test.ts): compiles, runs and disposes of the matching steps of two models again and
// again, and prints how far the memory grew. Whatever the native runtime has to say goes to standard error, which stays empty.
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, square, sub, sum } from "../src/engine/index.js";
import { createRandom } from "../src/math/random.js";
import { type DType, sizeOf } from "../src/math/tensor.js";
import { initialise, type Model, parameterValues } from "../src/models/define.js";
import lenet from "../src/models/lenet.js";
import { traceLoss } from "../src/models/loss.js";
import mlp from "../src/models/mlp.js";

const WARM_UP = 16;
const CYCLES = 200;
const random = createRandom(1);
const backend = nodeCpu({ threads: 1 });

function traceStep(model: Model) {
  const bind = parameterValues(initialise(model, random));
  const graph = createGraph();
  const x = graph.input("x", [1, ...model.inputShape]);
  const labels = graph.input("labels", [1, model.classes]);
  const { loss, gradients } = traceLoss(model, x, labels);
  const targets = gradients.map((part, i) => graph.input(`target${i}`, part.shape));
  const distance = gradients
    .map((part, i) => sum(square(sub(part, targets[i]!))))
    .reduce((total, term) => add(total, term));
  const feeds = Object.fromEntries(
    [x, labels, ...targets].map(({ attributes, shape }) => {
      const values = new Float32Array(sizeOf(shape));
      random.fillUniform(values, 0, 1);
      return [attributes.name as string, values];
    }),
  );
  return { outputs: { loss, distance, toInput: grad(distance, [x])[0]! }, bind, feeds };
}

const steps = [lenet, mlp].map((make) => traceStep(make([3, 32, 32], 10)));

async function cycle(count: number): Promise<void> {
  const { outputs, bind, feeds } = steps[count % 2]!;
  const dtype: DType = count % 4 < 2 ? "float32" : "float64";
  const program = await compile(outputs, { backend, dtype, bind });
  const { toInput } = await program.run(feeds);
  if (!toInput.every(Number.isFinite)) throw new Error(`${dtype}: the gradient is not finite`);
  await program.dispose();
}

const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};

for (let count = 0; count < WARM_UP; count++) await cycle(count);
const before = megabytes();
for (let count = 0; count < CYCLES; count++) await cycle(count);
const after = megabytes();
// Programs that are in use hold no model of their own: its weights are in the runtime already.
const { outputs, bind } = steps[1]!;
const arrays = async () => {
  // Twice, with a turn of the event loop between: what compilation handed to the runtime is let go of there.
  for (let pass = 0; pass < 2; pass++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  globalThis.gc?.();
  return process.memoryUsage().arrayBuffers / 2 ** 20;
};
const arraysBefore = await arrays();
const held = await Promise.all([1, 2, 3, 4].map(() => compile(outputs, { backend, dtype: "float32", bind })));
const perProgram = ((await arrays()) - arraysBefore) / held.length;
for (const program of held) await program.dispose();

const peak = process.resourceUsage().maxRSS / 2 ** 10;
process.stdout.write(JSON.stringify({ before, after, peak, perProgram }));

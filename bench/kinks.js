// Images away from the kinks of a net. Where a ReLU's input is within rounding of zero, float32 and float64 take
// different sides, and one such unit changes a second-order gradient by 1e-3 (spec/engine.md section 2): that would
// hide real disagreement, or a wider tolerance would.
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { topological } from "../dist/engine/graph.js";
import { compile, createGraph } from "../dist/engine/index.js";
import { parameterInputs, parameterValues } from "../dist/models/define.js";

/** The best of so many keeps all ReLU inputs of ResNet-18 5e-7 to 3e-6 of their layer's largest from zero. */
const DRAWS = 8;

/** Distance of the input nearest to zero, relative to the largest of its layer. */
function margin(layers) {
  const relative = layers.map((values) => {
    let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
    for (const value of values) {
      const size = Math.abs(value);
      if (size < smallest) smallest = size;
      if (size > largest) largest = size;
    }
    return smallest / largest;
  });
  return Math.min(...relative);
}

/**
 * `count` images, joined: each is the one of several that `draw(image, attempt)` gives which is farthest from all kinks
 * of `model` in eval mode. Without ReLU it is the first.
 */
export async function drawAwayFromKinks(model, weights, count, draw) {
  const graph = createGraph();
  const { logits } = model.forward(graph.input("x", [1, ...model.inputShape]), parameterInputs(graph, model));
  const kinked = topological([logits]).filter(({ op }) => op === "relu");
  const images = Array.from({ length: count }, (_, image) => draw(image, 0));
  if (kinked.length > 0) {
    const outputs = Object.fromEntries(kinked.map(({ inputs: [before] }, i) => [`before${i}`, before]));
    const program = await compile(outputs, { backend: nodeCpu(), dtype: "float32", bind: parameterValues(weights) });
    for (const image of images.keys()) {
      let best = -1;
      for (let attempt = 0; attempt < DRAWS; attempt++) {
        const x = draw(image, attempt);
        const found = margin(Object.values(await program.run({ x })));
        if (found > best) [best, images[image]] = [found, x];
      }
    }
    await program.dispose();
  }
  return Float32Array.from(images.flatMap((image) => [...image]));
}

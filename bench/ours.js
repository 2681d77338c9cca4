// Our side of a case: the step that attacks run (createMatching) on a fixed random input, and what the peer needs to repeat it.
import { createMatching } from "../dist/attacks/optimization/matching.js";
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { compile, createGraph } from "../dist/engine/index.js";
import { createRandom } from "../dist/math/random.js";
import { cast, sizeOf, tensor } from "../dist/math/tensor.js";
import { initialise, parameterValues } from "../dist/models/define.js";
import { models } from "../dist/models/index.js";
import { oneHot, traceLoss } from "../dist/models/loss.js";
import { nets } from "./cases.js";

const SEED = 20260101;

/** The gradients of the mean cross-entropy on images `x` with `labels`: what an honest client would send. */
async function clientUpdate(model, weights, x, labels, dtype) {
  const graph = createGraph();
  const input = graph.input("x", [labels.length, ...model.inputShape]);
  const { gradients } = traceLoss(model, input, graph.input("labels", [labels.length, model.classes]));
  const outputs = Object.fromEntries(model.parameters.map(({ name }, i) => [name, gradients[i]]));
  const program = await compile(outputs, { backend: nodeCpu(), dtype, bind: parameterValues(weights) });
  const sent = await program.run({ x, labels: oneHot(labels, model.classes) });
  await program.dispose();
  return new Map(model.parameters.map(({ name, shape }) => [name, tensor(shape, sent[name])]));
}

/**
 * Prepares a case. `shared` is what the peer gets: parameter shapes, labels, and one run of numbers (parameters, candidate images,
 * target gradients) in the precision of the case. `step()` gives { distance, imageGradient }.
 */
export async function openOurs({ model: id, batch, distance, dtype }) {
  const { input, classes } = nets[id];
  const model = models[id](input, classes);
  const random = createRandom(SEED).split(id, batch);
  const weights = initialise(model, random);
  const images = (name) => {
    const data = new Float32Array(batch * sizeOf(input));
    random.split(name).fillUniform(data, 0, 1);
    return cast(data, dtype);
  };
  const labels = Array.from({ length: batch }, (_, i) => i % classes);
  const update = await clientUpdate(model, weights, images("truth"), labels, dtype);
  const matching = await createMatching({
    backend: nodeCpu(),
    dtype,
    round: { round: 0, payload: { model, weights }, view: { kind: "upload", update } },
    batchSize: batch,
    distance,
    labels: "fixed",
  });
  const candidate = images("candidate");
  const probabilities = cast(oneHot(labels, classes), dtype);
  const values = (tensors) => [...tensors.values()].map(({ data }) => cast(data, dtype));
  const numbers = [...values(weights), candidate, ...values(update)];
  return {
    shared: { shapes: model.parameters.map(({ shape }) => shape), labels, numbers },
    step: () => matching.evaluate(candidate, probabilities),
    dispose: () => matching.dispose(),
  };
}

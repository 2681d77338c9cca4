// The step of a case, as attacks make it and as a plain graph: distance of a candidate's update from the observed one,
// and its gradient to the candidate's images.
import { distances } from "../dist/attacks/optimization/distances.js";
import { createMatching } from "../dist/attacks/optimization/matching.js";
import { createGraph, grad } from "../dist/engine/index.js";
import { models } from "../dist/models/index.js";
import { traceLoss } from "../dist/models/loss.js";
import { traceLocalTraining } from "../dist/models/unroll.js";
import { CLASSES, INPUT } from "./cases.js";

/** Step size of local training in FedAvg cases. */
export const LEARNING_RATE = 0.1;

export const modelOf = ({ model }) => models[model](INPUT, CLASSES);

/** The matching that attacks run, for a client that sends one gradient. */
export function openMatching(benchCase, backend, { weights, update }) {
  const { batch, dtype, distance, ghost, restarts = 1 } = benchCase;
  const payload = { model: modelOf(benchCase), weights };
  const round = { round: 0, payload, view: { kind: "upload", update } };
  return createMatching({ backend, dtype, round, batchSize: batch, distance, labels: "fixed", restarts, ghost });
}

/** Steps through createMatching, as attacks do: one candidate, or several in one run. */
export async function openAttack(benchCase, backend, { weights, update, candidates, labels }) {
  const matching = await openMatching(benchCase, backend, { weights, update });
  const points = candidates.map((images) => ({ images, labels }));
  return { step: async () => (await matching.evaluateAll(points))[0], dispose: () => matching.dispose() };
}

/** What a client would send, by the name of the parameter, for inputs `x` and `labels` of a new graph. */
export function traceUpdate(benchCase) {
  const model = modelOf(benchCase);
  const graph = createGraph();
  const x = graph.input("x", [benchCase.batch, ...INPUT]);
  const targets = graph.input("labels", [benchCase.batch, CLASSES]);
  const update = benchCase.localSteps
    ? traceLocalTraining(model, [{ x, targets }], { learningRate: LEARNING_RATE, epochs: benchCase.localSteps }).update
    : traceLoss(model, x, targets).gradients;
  return { x, update: new Map(model.parameters.map(({ name }, i) => [name, update[i]])) };
}

/** { distance, imageGradient } of one candidate; observed tensors are inputs `target:<name>`. */
export function traceStep(benchCase) {
  const { x, update } = traceUpdate(benchCase);
  const targets = [...update].map(([name, { shape }]) => x.graph.input(`target:${name}`, shape));
  const distance = distances[benchCase.distance]([...update.values()], targets);
  return { distance, imageGradient: grad(distance, [x])[0] };
}

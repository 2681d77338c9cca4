// Our side of a case: the step that attacks run on a fixed random input, and what the peer needs to repeat it.
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { compile } from "../dist/engine/index.js";
import { createRandom } from "../dist/math/random.js";
import { cast, sizeOf, tensor } from "../dist/math/tensor.js";
import { initialise, parameterValues } from "../dist/models/define.js";
import { oneHot } from "../dist/models/loss.js";
import { CLASSES, INPUT } from "./cases.js";
import { drawAwayFromKinks } from "./kinks.js";
import { timedBlock } from "./statistics.js";
import { LEARNING_RATE, modelOf, openAttack, traceStep, traceUpdate } from "./step.js";

const SEED = 20260101;
const SPREAD = 0.3;

const uniform = (random, size, low, high) => {
  const data = new Float32Array(size);
  random.fillUniform(data, low, high);
  return data;
};

/** An image as searches start from: far from the truth, so that no difference of almost equal updates costs digits. */
const noise = (random) => {
  const data = new Float32Array(sizeOf(INPUT));
  random.fillNormal(data, 0, 1);
  return data;
};

/** Fresh weights, where BatchNorm's ones and zeros are drawn too, so that the check sees each of them. */
function drawWeights(model, random) {
  const weights = new Map(initialise(model, random));
  for (const { name, shape, initial } of [...model.parameters, ...model.buffers]) {
    if (!("constant" in initial)) continue;
    const { constant } = initial;
    weights.set(
      name,
      tensor(shape, uniform(random.split("drawn", name), sizeOf(shape), constant - SPREAD, constant + SPREAD)),
    );
  }
  return weights;
}

/** What an honest client would send for images `x`. */
async function clientUpdate(benchCase, weights, x, labels) {
  const { update } = traceUpdate(benchCase);
  const { dtype } = benchCase;
  const program = await compile(Object.fromEntries(update), {
    backend: nodeCpu(),
    dtype,
    bind: parameterValues(weights),
  });
  const sent = await program.run({ x, labels });
  await program.dispose();
  return new Map([...update].map(([name, { shape }]) => [name, tensor(shape, sent[name])]));
}

/** Steps through a client's local training. */
async function openUnrolled(benchCase, backend, { weights, update, candidates: [x], labels }) {
  const program = await compile(traceStep(benchCase), {
    backend,
    dtype: benchCase.dtype,
    bind: parameterValues(weights),
  });
  const observed = Object.fromEntries([...update].map(([name, { data }]) => [`target:${name}`, data]));
  const step = async () => {
    const { distance, imageGradient } = await program.run({ ...observed, x, labels });
    return { distance: distance[0], imageGradient };
  };
  return { step, dispose: () => program.dispose() };
}

/** Opens the step on the CPU, in this process. */
const openHere = (threads) => async (benchCase, problem) => {
  const open = benchCase.localSteps > 0 ? openUnrolled : openAttack;
  const { step, dispose } = await open(benchCase, nodeCpu(threads ? { threads } : {}), problem);
  return { step, dispose, block: async (ms) => ({ ms: await timedBlock(step, ms), cpuMs: 0 }) };
};

/**
 * Size of the numbers whose difference the distance is, which float32 rounds: 1 for a cosine, ‖g*‖² where gradients stay
 * unformed (engine/ops/ghost.ts), 0 where entries are subtracted one by one.
 */
function distanceTerms({ distance, ghost }, update) {
  if (distance === "cosine") return 1;
  if (!ghost) return 0;
  return [...update.values()].reduce((total, { data }) => data.reduce((sum, value) => sum + value * value, total), 0);
}

/**
 * Prepares a case. `shared` is what the peer gets: names and shapes of the weights, how many of them are learnt,
 * labels, and one run of numbers (weights, images of the first candidate, the observed update) in the precision of the
 * case. `step()` gives { distance, imageGradient } of the first candidate; an error of the distance is
 * relative to the larger of it and `terms`. `block(ms)` gives { ms, cpuMs }: median time of a step, and the CPU time that
 * other processes of ours took. `open` opens the step elsewhere than in this process (chromium-step.js).
 */
export async function openOurs(benchCase, { threads, open = openHere(threads) } = {}) {
  const { model: id, batch, dtype, restarts = 1, localSteps = 0 } = benchCase;
  const model = modelOf(benchCase);
  const random = createRandom(SEED).split(id, batch);
  const weights = drawWeights(model, random);
  const classes = Array.from({ length: batch }, (_, i) => i % CLASSES);
  const labels = cast(oneHot(classes, CLASSES), dtype);
  const truth = cast(uniform(random.split("truth"), batch * sizeOf(INPUT), 0, 1), dtype);
  const update = await clientUpdate(benchCase, weights, truth, labels);
  const candidate = (restart) =>
    drawAwayFromKinks(model, weights, batch, (image, attempt) =>
      noise(random.split("candidate", restart, image, attempt)),
    );
  const candidates = [];
  for (let restart = 0; restart < restarts; restart++) candidates.push(cast(await candidate(restart), dtype));
  const { step, block, dispose } = await open(benchCase, { weights, update, candidates, labels });
  const values = (tensors) => [...tensors.values()].map(({ data }) => cast(data, dtype));
  return {
    shared: {
      names: [...weights.keys()],
      shapes: [...weights.values()].map(({ shape }) => shape),
      learnt: model.parameters.length,
      labels: classes,
      localSteps,
      learningRate: LEARNING_RATE,
      numbers: [...values(weights), candidates[0], ...values(update)],
    },
    terms: distanceTerms(benchCase, update),
    step,
    block,
    dispose,
  };
}

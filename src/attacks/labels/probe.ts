// What the broadcast model makes of pictures that the adversary has: labelled surrogate pictures, or dummies that it makes up. Under FedAvg also
// what the model after local training makes of them, θ_s = θ_0 - update.

import type { Batch } from "../../data/dataset.js";
import { type Backend, compile, createGraph, type Node, softmax, sum } from "../../engine/index.js";
import type { Random } from "../../math/random.js";
import { type FloatArray, sizeOf, tensor } from "../../math/tensor.js";
import { type Mode, parameterInputs, parameterValues, type Weights } from "../../models/define.js";
import type { ObservedRound } from "../../threat/observation.js";
import type { Impression, Probe } from "./define.js";

export interface ProbeOptions {
  readonly backend: Backend;
  readonly round: ObservedRound;
  /** Pictures that are shown at once: BatchNorm in train mode sees them as a batch, and some imported models take no other number. */
  readonly atOnce: number;
  /** Default eval. */
  readonly mode?: Mode;
  /** Whether local steps moved the weights: then both ends are measured. */
  readonly moved?: boolean;
}

/** Noise N(0, 1) in the space that clients train in, at least `count` pictures in whole batches of `atOnce`. Labels are 0. */
export function dummyPictures(round: ObservedRound, atOnce: number, count: number, random: Random): Batch {
  const images = Math.ceil(count / atOnce) * atOnce;
  const shape = [images, ...round.payload.model.inputShape];
  const data = new Float32Array(sizeOf(shape));
  random.fillNormal(data, 0, 1);
  return { inputs: tensor(shape, data), labels: Array<number>(images).fill(0) };
}

/** Shows pictures [N, C, H, W] to the model, N - N mod `atOnce` of them; all at once where there are fewer. */
export async function measureProbe(
  source: Probe["source"],
  { inputs, labels }: Batch,
  { backend, round, mode = "eval", moved = false, ...options }: ProbeOptions,
): Promise<Probe> {
  const { model, weights } = round.payload;
  const atOnce = Math.min(options.atOnce, labels.length);
  const images = labels.length - (labels.length % atOnce);
  const size = sizeOf(model.inputShape);
  const graph = createGraph();
  const x = graph.input("x", [atOnce, ...model.inputShape]);
  const { logits, features } = model.forward(x, parameterInputs(graph, model), mode);
  const outputs: Record<string, Node> = { probabilities: softmax(logits), featureSums: sum(features, [1]) };
  const program = await compile(outputs, { backend, dtype: "float32" });
  const impressionAt = async (at: Weights): Promise<Impression> => {
    const values = Object.fromEntries(Object.entries(parameterValues(at)).map(([name, { data }]) => [name, data]));
    const probabilities = new Float64Array(images * model.classes);
    const featureSums = new Float64Array(images);
    for (let from = 0; from < images; from += atOnce) {
      const out = await program.run({ ...values, x: inputs.data.subarray(from * size, (from + atOnce) * size) });
      probabilities.set(out.probabilities!, from * model.classes);
      featureSums.set(out.featureSums!, from);
    }
    return { probabilities, featureSums };
  };
  try {
    const before = await impressionAt(weights);
    const states: Probe["states"] = moved ? [before, await impressionAt(afterTraining(round))] : [before];
    return { source, labels: labels.slice(0, images), states };
  } finally {
    await program.dispose();
  }
}

/** θ_0 - update; buffers that the client did not send stay as they were. */
function afterTraining({ payload: { model, weights }, view: { update, buffers } }: ObservedRound): Weights {
  const moved = model.parameters.map(({ name, shape }) => {
    const sent: FloatArray | undefined = update.get(name)?.data;
    const held = weights.get(name)!;
    return [
      name,
      sent
        ? tensor(
            shape,
            held.data.map((value, i) => value - sent[i]!),
          )
        : held,
    ] as const;
  });
  return new Map([...weights, ...(buffers ?? []), ...moved]);
}

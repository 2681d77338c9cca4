// Feature inversion (spec/attacks-optimization.md 2.8, step 6): images whose readings at a layer point the way that was unmixed, and that are
// smooth. Adam with a cosine decay in the pixel box, all images side by side; none depends on another.
import {
  add,
  compile,
  cosineSimilarity,
  createGraph,
  grad,
  mul,
  type Node,
  sub,
  sum,
  totalVariation,
} from "../../../engine/index.js";
import type { Payload } from "../../../federated/hooks.js";
import { createAdam } from "../../../math/adam.js";
import { type FloatArray, sizeOf, tensor } from "../../../math/tensor.js";
import { parameterInputs, parameterValues } from "../../../models/define.js";
import type { BasicKnowledge } from "../../../threat/observation.js";
import type { AttackContext } from "../../define.js";
import { pixelBox } from "../pixel-box.js";
import { type ConnectedLayer, traceReadings } from "./cocktail-party-layer.js";

export interface InversionOptions {
  readonly steps: number;
  readonly learningRate: number;
  readonly tv: number;
}

export interface Inverted {
  /** [count, C, H, W] as the model sees them. */
  readonly images: Float32Array;
  /** Cosine similarity of each image's readings to its target. */
  readonly similarity: FloatArray;
  readonly exhausted: boolean;
}

/** `readings`: row-major [count, inputs of the layer]. Throws the signal's reason on abort. */
export async function invertReadings(
  { model, weights }: Payload,
  layer: ConnectedLayer,
  readings: FloatArray,
  knowledge: BasicKnowledge,
  { steps, learningRate, tv }: InversionOptions,
  { backend, random, signal, outOfTime }: Pick<AttackContext, "backend" | "random" | "signal" | "outOfTime">,
): Promise<Inverted> {
  const count = readings.length / layer.inputs;
  const shape = [count, ...model.inputShape];
  const graph = createGraph();
  const x = graph.input("images", shape);
  const reached = traceReadings(model, layer, x, parameterInputs(graph, model));
  const similarity = cosineSimilarity(reached, graph.constant(tensor([count, layer.inputs], readings)), [1]);
  const away: Node = sub(count, sum(similarity));
  // Total variation is a mean over the images, so that its weight holds for each of them.
  const objective = tv > 0 ? add(away, mul(count * tv, totalVariation(x))) : away;
  const [slope] = grad(objective, [x]) as [Node];
  const program = await compile({ similarity, slope }, { backend, dtype: "float32", bind: parameterValues(weights) });
  const box = pixelBox(knowledge, shape);
  const images = box.grey(sizeOf(shape), random.split("inversion"));
  const adam = createAdam(images.length, { learningRate });
  try {
    let step = 0;
    for (; step < steps && !(step > 0 && outOfTime()); step++) {
      signal.throwIfAborted();
      const out = await program.run({ images });
      adam.step(images, out.slope, (learningRate * (1 + Math.cos((Math.PI * step) / steps))) / 2);
      box.clamp(images);
    }
    const out = await program.run({ images });
    return { images, similarity: out.similarity, exhausted: step < steps };
  } finally {
    await program.dispose();
  }
}

// Gradient matching over whatever paints the candidate: latents, or a generator's own parameters. Cosine distance as in GIAS's code, total
// variation, Adam with multi-step decay. The best point by objective is kept.
import { add, compile, createGraph, grad, mul, type Node, totalVariation } from "../../../engine/index.js";
import { createAdam } from "../../../math/adam.js";
import { multiStepDecay } from "../../../math/schedule.js";
import { type FloatArray, type Shape, tensor } from "../../../math/tensor.js";
import { type Lookup, parameterValues } from "../../../models/define.js";
import { oneHot, traceLoss } from "../../../models/loss.js";
import type { BasicKnowledge, KnownDefense, ObservedRound } from "../../../threat/observation.js";
import type { AttackContext } from "../../define.js";
import { distances } from "../../optimization/distances.js";
import { toModelSpace } from "../../optimization/pixels.js";
import { imitate } from "../../transforms/define.js";

export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly start: FloatArray;
}

export interface VariableSearch {
  readonly round: ObservedRound;
  readonly knowledge: BasicKnowledge;
  readonly labels: readonly number[];
  readonly knownDefense?: KnownDefense | undefined;
  /** Weight of total variation. */
  readonly tv: number;
  /** Constants of the generator by name; variables of the same name come before them. */
  readonly held: ReadonlyMap<string, { readonly shape: Shape; readonly data: FloatArray }>;
  readonly variables: readonly Variable[];
  /** Pixels [K, C, H, W] from variables and constants. */
  readonly paint: (value: Lookup) => Node;
  readonly steps: number;
  readonly learningRate: number;
  /** Where progress stands before the first step, and the steps of all stages together. */
  readonly before: number;
  readonly total: number;
}

export interface Found {
  /** Of the best point, by name. */
  readonly values: ReadonlyMap<string, FloatArray>;
  /** Pixels [K, C, H, W]. */
  readonly images: FloatArray;
  readonly objective: number;
  readonly distance: number;
  readonly curve: { iteration: number; loss: number }[];
  readonly steps: number;
}

const REPORTS = 30;

function trace({ round, knowledge, labels, knownDefense, tv, held, variables, paint }: VariableSearch) {
  const { model } = round.payload;
  const graph = createGraph();
  const inputs = new Map(variables.map(({ name, shape }) => [name, graph.input(`variable:${name}`, shape)]));
  const value = (name: string): Node => {
    const found = inputs.get(name) ?? (held.has(name) ? graph.constant(held.get(name)!) : undefined);
    if (!found) throw new RangeError(`the generator asks for "${name}", which is neither searched nor held`);
    return found;
  };
  const images = paint(value);
  const targets = model.parameters.map(({ name, shape }) => graph.input(`target:${name}`, shape));
  const probabilities = graph.constant(tensor([labels.length, model.classes], oneHot(labels, model.classes)));
  const { gradients } = traceLoss(model, toModelSpace(images, knowledge.normalization), probabilities);
  const names = model.parameters.map(({ name }) => name);
  const compared = knownDefense ? imitate(knownDefense, gradients, targets, names) : { gradients, sent: targets };
  const distance = distances.cosine(compared.gradients, compared.sent);
  const objective = tv > 0 ? add(distance, mul(tv, totalVariation(images))) : distance;
  const slopes = grad(objective, [...inputs.values()]);
  const outputs: Record<string, Node> = { objective, distance, images };
  slopes.forEach((slope, i) => {
    outputs[`slope:${i}`] = slope;
  });
  return outputs;
}

/** Throws the signal's reason on abort, RangeError where the update lacks a tensor or the objective is no number from the start. */
export async function searchVariables(
  search: VariableSearch,
  { backend, signal, outOfTime, progress }: Pick<AttackContext, "backend" | "signal" | "outOfTime" | "progress">,
): Promise<Found> {
  const { round, variables, steps, learningRate, before, total } = search;
  const { model, weights } = round.payload;
  const feeds: Record<string, FloatArray> = {};
  for (const { name } of model.parameters) {
    const sent = round.view.update.get(name);
    if (!sent) throw new RangeError(`the observed update lacks the tensor "${name}" of model ${model.id}`);
    feeds[`target:${name}`] = sent.data;
  }
  const program = await compile(trace(search), { backend, dtype: "float32", bind: parameterValues(weights) });
  const values = variables.map(({ name, start }) => {
    const own = Float32Array.from(start);
    feeds[`variable:${name}`] = own;
    return own;
  });
  const optimisers = values.map(({ length }) => createAdam(length, { learningRate }));
  const best = values.map((value) => value.slice());
  let found: Pick<Found, "images" | "objective" | "distance"> | undefined;
  const curve: Found["curve"] = [];
  let step = 0;
  try {
    for (; step < steps && !(found && outOfTime()); step++) {
      signal.throwIfAborted();
      const out = await program.run(feeds);
      const objective = out.objective![0]!;
      if (!Number.isFinite(objective)) break;
      if (!found || objective < found.objective) {
        found = { images: out.images!, objective, distance: out.distance![0]! };
        values.forEach((value, i) => {
          best[i]!.set(value);
        });
      }
      if (step % Math.ceil(steps / REPORTS) === 0) {
        curve.push({ iteration: before + step, loss: objective });
        const image = tensor([search.labels.length, ...model.inputShape], found.images);
        progress({ iteration: before + step, total, loss: found.objective, image });
      }
      const rate = learningRate * multiStepDecay(step, steps);
      values.forEach((value, i) => {
        optimisers[i]!.step(value, out[`slope:${i}`]!, rate);
      });
    }
  } finally {
    await program.dispose();
  }
  if (!found) throw new RangeError("the objective is no number from the start: the update or the model holds none");
  return { ...found, values: new Map(variables.map(({ name }, i) => [name, best[i]!])), curve, steps: step };
}

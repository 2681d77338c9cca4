// Gradient matching: the distance between the gradient of a candidate batch and the observed one, and its derivative with respect to
// the candidate. The one expensive step of every optimisation attack.
import type { Backend } from "../../engine/backends/backend.js";
import { add, compile, createGraph, grad, mul, type Node, softmax } from "../../engine/index.js";
import { cast, type DType, type FloatArray, sizeOf } from "../../math/tensor.js";
import { parameterValues } from "../../models/define.js";
import { traceLoss } from "../../models/loss.js";
import type { KnownDefense, ObservedRound } from "../../threat/observation.js";
import { imitate } from "../transforms/define.js";
import { type DistanceName, distances } from "./distances.js";

export interface MatchingOptions {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly round: ObservedRound;
  /** Images in the candidate batch. */
  readonly batchSize: number;
  readonly distance: DistanceName;
  /** `joint`: label logits are variables beside the images; `fixed`: label probabilities are given. */
  readonly labels: "joint" | "fixed";
  /** A defense that the attacker knows to be on: its imitation acts on the candidate's gradient. */
  readonly knownDefense?: KnownDefense | undefined;
  /** Terms added to the objective, with their weight; functions of the candidate images. */
  readonly priors?: readonly { readonly weight: number; readonly term: (x: Node) => Node }[];
}

export interface MatchingStep {
  /** Distance plus weighted priors. */
  readonly objective: number;
  /** The pure gradient distance: what candidates are chosen by. */
  readonly distance: number;
  readonly imageGradient: FloatArray;
  /** Derivative with respect to the label logits; in `joint` mode only. */
  readonly labelGradient: FloatArray | null;
}

export interface Matching {
  readonly imageSize: number;
  readonly labelSize: number;
  /** ‖g*‖² of the observed update. */
  readonly targetNorm: number;
  /** `labels` are logits [K, C] in `joint` mode, probabilities in `fixed` mode. */
  evaluate(images: FloatArray, labels: FloatArray): Promise<MatchingStep>;
  dispose(): Promise<void>;
}

export async function createMatching(options: MatchingOptions): Promise<Matching> {
  const { round, batchSize, dtype, labels } = options;
  const { model, weights } = round.payload;
  const graph = createGraph();
  const x = graph.input("x", [batchSize, ...model.inputShape]);
  const labelInput = graph.input("labels", [batchSize, model.classes]);
  const { gradients } = traceLoss(model, x, labels === "joint" ? softmax(labelInput) : labelInput);
  const targets = model.parameters.map(({ name, shape }) => graph.input(`target:${name}`, shape));
  const compared = options.knownDefense ? imitate(options.knownDefense, gradients, targets) : gradients;
  const distance = distances[options.distance](compared, targets);
  const objective = (options.priors ?? [])
    .filter(({ weight }) => weight !== 0)
    .reduce((sum, { weight, term }) => add(sum, mul(weight, term(x))), distance);
  const [imageGradient, labelGradient] = grad(objective, [x, labelInput]) as [Node, Node];
  const outputs: Record<string, Node> = { objective, distance, imageGradient };
  if (labels === "joint") outputs.labelGradient = labelGradient;
  const program = await compile(outputs, {
    backend: options.backend,
    dtype,
    bind: parameterValues(weights),
  });
  const observed = Object.fromEntries(
    model.parameters.map(({ name }) => {
      const held = round.view.update.get(name);
      if (!held) throw new RangeError(`the observed update lacks the tensor "${name}" of model ${model.id}`);
      return [`target:${name}`, cast(held.data, dtype)];
    }),
  );
  let targetNorm = 0;
  for (const data of Object.values(observed)) for (const value of data) targetNorm += value * value;
  return {
    imageSize: sizeOf(x.shape),
    labelSize: sizeOf(labelInput.shape),
    targetNorm,
    async evaluate(images, labelValues) {
      const out = await program.run({ ...observed, x: images, labels: labelValues });
      return {
        objective: out.objective![0]!,
        distance: out.distance![0]!,
        imageGradient: out.imageGradient!,
        labelGradient: out.labelGradient ?? null,
      };
    },
    dispose: () => program.dispose(),
  };
}

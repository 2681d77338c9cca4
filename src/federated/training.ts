// A client's gradient: the model's loss on a batch, compiled once per model, batch size, mode and added loss terms; and a model's accuracy.
import { type Batch, readRows } from "../data/dataset.js";
import type { Backend } from "../engine/backends/backend.js";
import { add, compile, createGraph, type Graph, grad, type Node, type Program } from "../engine/index.js";
import { type DType, type FloatArray, tensor } from "../math/tensor.js";
import { type Lookup, type Mode, type Model, parameterInputs, parameterValues } from "../models/define.js";
import { oneHot, traceLoss } from "../models/loss.js";
import { unbiasing } from "../models/unbiasing.js";
import type { Statistics } from "./batch-statistics.js";
import type { ClientBatch, Hooks, InputJacobian, Payload, Update } from "./hooks.js";
import { measureJacobian, traceJacobian } from "./input-jacobian.js";
import { type Noise, noiseInputs, noiseValues } from "./noise.js";

export interface GradientOptions {
  /** Default `eval`. */
  readonly mode?: Mode;
  /** Hooks C5, whose terms are added to the loss before it is differentiated. */
  readonly lossTerms?: readonly Hooks["lossTerms"][];
  /** What the model's random parts draw for this batch; default: their mean. */
  readonly noise?: Noise;
}

export interface JacobianOptions extends Pick<GradientOptions, "noise"> {
  readonly at?: string | undefined;
}

export interface Gradient {
  readonly update: Update;
  /** Mean cross-entropy, without added terms. */
  readonly loss: number;
  /** What BatchNorm layers saw; empty in eval mode. */
  readonly statistics: Statistics;
  /** How many terms each of `lossTerms` added. */
  readonly added: readonly number[];
}

export interface Accuracy {
  /** Share of samples whose most likely class is their label. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

export interface Trainer {
  /** Mean-loss gradient of the batch at the payload's weights, in the model's parameter order, and the loss itself. */
  gradient(payload: Payload, batch: ClientBatch, options?: GradientOptions): Promise<Gradient>;
  /**
   * What the layer with the weight `at` (default: the head) reads of every sample, and how that moves with the sample, in eval mode. Throws
   * RangeError when the model does not multiply by a weight of that name.
   */
  inputJacobian(payload: Payload, batch: Batch, options?: JacobianOptions): Promise<InputJacobian[]>;
  /** How well a model does on data; in train mode with the statistics of up to 256 samples at a time. */
  evaluate(payload: Payload, data: Batch, mode?: Mode): Promise<Accuracy>;
  dispose(): Promise<void>;
}

interface Compiled {
  /** What else than the model the program is for. */
  readonly use: readonly unknown[];
  readonly program: Program;
  readonly added: readonly number[];
  /** Factor from biased to unbiased variance, by layer. */
  readonly unbiased: ReadonlyMap<string, number>;
}

const EVALUATED_AT_ONCE = 256;
/** A malicious server may send a new model every time, and a defense wrap it anew; those not used for longest go. */
const MODELS_HELD = 16;

/** `dtype` is the precision in which clients compute and upload. */
export function createTrainer(backend: Backend, dtype: DType): Trainer {
  const models = new Map<Model, Compiled[]>();

  async function compiled(model: Model, use: readonly unknown[], make: () => Promise<Omit<Compiled, "use">>) {
    const held = models.get(model) ?? [];
    // Entered anew, so that the first is the one that was not used for longest.
    models.delete(model);
    models.set(model, held);
    const same = (other: readonly unknown[]) =>
      other.length === use.length && other.every((part, i) => part === use[i]);
    const known = held.find((each) => same(each.use));
    if (known) return known;
    const [oldest] = models.keys();
    if (models.size > MODELS_HELD && oldest) await forget(oldest);
    const fresh = { use, ...(await make()) };
    held.push(fresh);
    return fresh;
  }

  async function forget(model: Model) {
    for (const { program } of models.get(model) ?? []) await program.dispose();
    models.delete(model);
  }

  /** Parameters, and the model's noise where it is drawn. */
  const lookup = (graph: Graph, model: Model, size: number, isNoisy: boolean): Lookup => {
    const parameter = parameterInputs(graph, model);
    const drawn = isNoisy ? noiseInputs(graph, model, size) : new Map<string, Node>();
    return (name) => drawn.get(name) ?? parameter(name);
  };

  async function trace(model: Model, size: number, mode: Mode, terms: readonly Hooks["lossTerms"][], isNoisy: boolean) {
    const graph = createGraph();
    const x = graph.input("x", [size, ...model.inputShape]);
    const targets = graph.input("targets", [size, model.classes]);
    const parameter = lookup(graph, model, size, isNoisy);
    const { loss, gradients, ...traced } = traceLoss(model, x, targets, { mode, parameter });
    const { batchStatistics, logits, features, latents = [] } = traced;
    const extra = terms.map((hook) => hook({ model, x, targets, logits, features, latents, parameter }));
    const wrt = model.parameters.map(({ name }) => parameter(name));
    const all = extra.flat().reduce((sum, term) => add(sum, term), loss);
    const final = all === loss ? gradients : grad(all, wrt);
    const outputs: Record<string, Node> = { loss };
    model.parameters.forEach(({ name }, i) => {
      outputs[`gradient:${name}`] = final[i]!;
    });
    for (const [layer, { mean, variance }] of batchStatistics) {
      outputs[`mean:${layer}`] = mean;
      outputs[`variance:${layer}`] = variance;
    }
    return {
      program: await compile(outputs, { backend, dtype }),
      added: extra.map(({ length }) => length),
      unbiased: new Map([...batchStatistics].map(([layer, seen]) => [layer, unbiasing(seen)])),
    };
  }

  async function traceLogits(model: Model, size: number, mode: Mode) {
    const graph = createGraph();
    const x = graph.input("x", [size, ...model.inputShape]);
    const { logits } = model.forward(x, parameterInputs(graph, model), mode);
    return { program: await compile({ logits }, { backend, dtype }), added: [], unbiased: new Map() };
  }

  return {
    async gradient(
      { model, weights },
      { inputs, labels, sampleWeights },
      { mode = "eval", lossTerms = [], noise } = {},
    ) {
      const size = labels.length;
      const use = ["gradient", size, mode, noise !== undefined, ...lossTerms];
      const { program, added, unbiased } = await compiled(model, use, () =>
        trace(model, size, mode, lossTerms, noise !== undefined),
      );
      const targets = oneHot(labels, model.classes);
      sampleWeights?.forEach((weight, row) => {
        for (let c = 0; c < model.classes; c++) targets[row * model.classes + c]! *= weight;
      });
      const out = await program.run({ x: inputs.data, targets, ...valuesOf(weights), ...noiseValues(noise) });
      const update = new Map(
        model.parameters.map(({ name, shape }) => [name, tensor(shape, out[`gradient:${name}`]!)]),
      );
      const statistics = new Map(
        [...unbiased].map(([layer, factor]) => {
          const variance = Float64Array.from(out[`variance:${layer}`]!, (value) => factor * value);
          return [layer, { mean: Float64Array.from(out[`mean:${layer}`]!), variance }];
        }),
      );
      return { update, loss: out.loss![0]!, statistics, added };
    },
    async inputJacobian({ model, weights }, batch, { at, noise } = {}) {
      const use = ["jacobian", at, noise !== undefined];
      const { program } = await compiled(model, use, async () => {
        const outputs = traceJacobian(model, at, (graph, rows) => lookup(graph, model, rows, noise !== undefined));
        return { program: await compile(outputs, { backend, dtype }), added: [], unbiased: new Map() };
      });
      return measureJacobian(program, batch, valuesOf(weights), noise);
    },
    async evaluate({ model, weights }, data, mode = "eval") {
      let correct = 0;
      let loss = 0;
      for (let from = 0; from < data.labels.length; from += EVALUATED_AT_ONCE) {
        const count = Math.min(EVALUATED_AT_ONCE, data.labels.length - from);
        const { inputs, labels } = readRows(
          data,
          Array.from({ length: count }, (_, row) => from + row),
        );
        const { program } = await compiled(model, ["logits", count, mode], () => traceLogits(model, count, mode));
        const { logits } = await program.run({ x: inputs.data, ...valuesOf(weights) });
        labels.forEach((label, row) => {
          const scores = Float64Array.from(logits!.subarray(row * model.classes, (row + 1) * model.classes));
          const largest = Math.max(...scores);
          if (scores.indexOf(largest) === label) correct++;
          loss +=
            largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0)) - scores[label]!;
        });
      }
      return { accuracy: correct / data.labels.length, loss: loss / data.labels.length };
    },
    async dispose() {
      for (const model of [...models.keys()]) await forget(model);
    },
  };
}

const valuesOf = (weights: Payload["weights"]): Record<string, FloatArray> =>
  Object.fromEntries(Object.entries(parameterValues(weights)).map(([name, { data }]) => [name, data]));

// A client's gradient: the model's loss on a batch, compiled once per model and batch size.
import type { Backend } from "../engine/backends/backend.js";
import { compile, createGraph, type Program } from "../engine/index.js";
import { type DType, tensor } from "../math/tensor.js";
import type { Model } from "../models/define.js";
import { parameterValues } from "../models/define.js";
import { oneHot, traceLoss } from "../models/loss.js";
import type { ClientBatch, Payload, Update } from "./hooks.js";

export interface Trainer {
  /** Mean-loss gradient of the batch at the payload's weights, in the model's parameter order, and the loss itself. */
  gradient(payload: Payload, batch: ClientBatch): Promise<{ update: Update; loss: number }>;
  dispose(): Promise<void>;
}

/** `dtype` is the precision in which clients compute and upload. */
export function createTrainer(backend: Backend, dtype: DType): Trainer {
  const programs = new Map<Model, Map<number, Program>>();

  async function programFor(model: Model, size: number): Promise<Program> {
    const bySize = programs.get(model) ?? new Map<number, Program>();
    programs.set(model, bySize);
    const known = bySize.get(size);
    if (known) return known;
    const graph = createGraph();
    const x = graph.input("x", [size, ...model.inputShape]);
    const { loss, gradients } = traceLoss(model, x, graph.input("targets", [size, model.classes]));
    const named = Object.fromEntries(model.parameters.map(({ name }, i) => [`gradient:${name}`, gradients[i]!]));
    const program = await compile({ loss, ...named }, { backend, dtype });
    bySize.set(size, program);
    return program;
  }

  return {
    async gradient({ model, weights }, { inputs, labels, sampleWeights }) {
      const program = await programFor(model, labels.length);
      const targets = oneHot(labels, model.classes);
      sampleWeights?.forEach((weight, row) => {
        for (let c = 0; c < model.classes; c++) targets[row * model.classes + c]! *= weight;
      });
      const parameters = Object.entries(parameterValues(weights)).map(([name, value]) => [name, value.data] as const);
      const out = await program.run({ x: inputs.data, targets, ...Object.fromEntries(parameters) });
      const update = new Map(
        model.parameters.map(({ name, shape }) => [name, tensor(shape, out[`gradient:${name}`]!)]),
      );
      return { update, loss: out.loss![0]! };
    },
    async dispose() {
      for (const bySize of programs.values()) for (const program of bySize.values()) await program.dispose();
      programs.clear();
    },
  };
}

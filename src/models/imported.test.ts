// Ten exported nets against PyTorch: logits, loss, and the loss differentiated to every parameter and to the image, in float32. Weights and
// images are drawn as test/fixtures/onnx-models.py draws them; no pre-activation lies within 3e-6 of a kink.
import { describe, expect, it } from "vitest";
import { draw, load, relativeError, tolerance } from "../../test/engine-fixture.js";
import {
  channelsLastFile,
  channelsLastNames,
  type ExportCase,
  exportCases,
  exportedFile,
  reference,
} from "../../test/onnx-models.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { compile, createGraph, grad } from "../engine/index.js";
import { type FloatArray, sizeOf } from "../math/tensor.js";
import { type ImportedModel, readOnnxModel } from "./imported.js";
import { oneHot, traceLoss } from "./loss.js";

const fileOf = (known: ExportCase) =>
  known.name === "channels-last" ? channelsLastFile(known) : exportedFile(known.file);

const ownName = (name: string) => channelsLastNames[name] ?? name;

/** Largest relative error of everything that the case holds. */
async function errorsOf(known: ExportCase, { model, weights }: ImportedModel): Promise<Map<string, number>> {
  const { batch, inputShape, labels, mode, seed } = known;
  const graph = createGraph();
  const x = graph.input("x", [batch, ...inputShape]);
  const targets = graph.input("targets", [batch, model.classes]);
  const { logits, loss, gradients } = traceLoss(model, x, targets, { mode });
  const outputs = Object.fromEntries(model.parameters.map(({ name }, i) => [`gradient of ${name}`, gradients[i]!]));
  const program = await compile(
    { logits, loss, image: grad(loss, [x])[0]!, ...outputs },
    { backend: nodeCpu({ threads: 1 }), dtype: "float32" },
  );
  const results: Record<string, FloatArray> = await program.run({
    ...Object.fromEntries([...weights].map(([name, { data }]) => [`parameter:${name}`, data])),
    x: draw(seed, batch * sizeOf(inputShape)),
    targets: oneHot(labels, model.classes),
  });
  await program.dispose();

  const sampled = (values: FloatArray, stride: number) => values.filter((_, i) => i % stride === 0);
  const errors = new Map([
    ["logits", relativeError(results.logits!, load(known.logits))],
    ["loss", relativeError(results.loss!, [known.loss])],
    ["image", relativeError(sampled(results.image!, known.image.stride), reference(known.image), known.image.largest)],
  ]);
  for (const { name } of model.parameters) {
    const held = known.gradients[ownName(name)];
    if (!held) continue;
    const values = sampled(results[`gradient of ${name}`]!, held.stride);
    errors.set(`gradient of ${name}`, relativeError(values, reference(held), held.largest));
  }
  return errors;
}

describe("an exported net agrees with PyTorch", () => {
  it.each(exportCases.map((known) => [known.name, known] as const))("%s", { timeout: 60_000 }, async (name, known) => {
    const imported = readOnnxModel(fileOf(known), `${name}.onnx`);
    if (!name.endsWith("folded")) {
      expect(imported.model.parameters.map((each) => ownName(each.name))).toEqual(Object.keys(known.gradients));
    }
    const errors = await errorsOf(known, imported);
    for (const [what, error] of errors) expect(error, what).toBeLessThanOrEqual(tolerance.float32);
  });
});

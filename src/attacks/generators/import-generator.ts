// A generator that a user brings as an ONNX file, traced like one of ours: for searches that differentiate it, or change its parameters
// (spec/attacks-generative.md 1.4). The ops must be such as the importer knows; any others can be opened as a black box.
import { createGraph, type Node, reshape } from "../../engine/index.js";
import { importOnnx, isInFront, type Known, type OnnxTrace } from "../../engine/onnx/import.js";
import { cast, sizeOf, tensor } from "../../math/tensor.js";
import type { Lookup } from "../../models/define.js";
import type { Generator } from "./generator.js";
import { asGeneratorError, failAt } from "./generator-error.js";
import { readGeneratorFile } from "./generator-file.js";
import { type BroughtGenerator, latentShape, pixelShape } from "./manifest.js";
import { toPixels } from "./pixel-range.js";

/**
 * The generator as a traced one: what it learnt by the names of the file's initialisers, running statistics as constants. Throws GeneratorError
 * where it takes classes, or where the importer does not know an op: such a file can be opened as a black box.
 */
export function importGenerator(brought: BroughtGenerator): Generator {
  const { bytes, manifest, file } = brought;
  const fail = failAt(file);
  if (manifest.classes) fail("a generator of latents alone", "one that takes classes", "open it as a black box");
  const resolution = pixelShape(brought);
  const oneLatent = latentShape(manifest);
  const latent = sizeOf(oneLatent);
  const graph = asGeneratorError(() => importOnnx(readGeneratorFile(bytes, manifest, file).bytes, file));
  const traceWith = (latents: Node, parameter: (name: string, value: Known) => Node): OnnxTrace =>
    asGeneratorError(() => {
      const samples = latents.shape[0]!;
      return graph.trace(reshape(latents, [samples, ...oneLatent]), { samples, parameter });
    });
  const scratch = createGraph();
  // Two samples, so that it shows where they lie.
  const { uses, renamed, output } = traceWith(scratch.input("z", [2, latent]), (_, value) => scratch.constant(value));
  const wanted = [2, ...manifest.resolution];
  if (output.shape.join() !== wanted.join() || !isInFront(output.batch)) {
    fail(
      `[${wanted}] for two latents, each picture of its own`,
      `[${output.shape}]`,
      "correct the manifest's resolution",
    );
  }
  const learnt = [...uses].filter(([, role]) => role === "parameter").map(([name]) => name);
  const held = (name: string): Known => (graph.initialisers.get(name) ?? renamed.get(name))!;
  const weights = new Map(learnt.map((name) => [name, tensor(held(name).shape, cast(held(name).data, "float32"))]));
  return {
    latent,
    prior: manifest.prior,
    resolution,
    weights,
    trace(latents: Node, parameter: Lookup) {
      const { output: painted } = traceWith(latents, (name, value) =>
        weights.has(name) ? parameter(name) : latents.graph.constant(value),
      );
      return toPixels(reshape(painted.node, painted.shape), manifest.output, resolution);
    },
  };
}

// A generator that a user brings as an ONNX file with a manifest, run as a black box: any graph that the runtime can run
// (spec/attacks-generative.md 1.4).
import { type Backend, BackendError, compile, createGraph } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { type FloatArray, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { type BlackBoxGenerator, sampleLatents } from "./generator.js";
import { failAt } from "./generator-error.js";
import { readGeneratorFile } from "./generator-file.js";
import { type BroughtGenerator, type GeneratorManifest, latentShape, pixelShape } from "./manifest.js";
import { toPixels } from "./pixel-range.js";

/** Pictures of one run where the file leaves the number open. */
const CHUNK = 8;
/** How far values may lie outside of the range that the manifest claims. */
const SLACK = 0.05;

/**
 * Opens the generator on a backend as a black box, and paints with it once: a wrong graph or manifest is told here. Throws GeneratorError on
 * whatever is wrong with it.
 */
export async function openGenerator(brought: BroughtGenerator, backend: Backend): Promise<BlackBoxGenerator> {
  const { manifest, file } = brought;
  const { classes, prior, output } = manifest;
  const fail = failAt(file);
  const oneLatent = latentShape(manifest);
  const latent = sizeOf(oneLatent);
  const resolution = pixelShape(brought);
  const { bytes, batch = CHUNK, ...names } = readGeneratorFile(brought.bytes, manifest, file);
  const [native, size] = [sizeOf(manifest.resolution), sizeOf(resolution)];
  const raw = createGraph().input("raw", [batch, ...manifest.resolution]);
  const after = await compile({ pixels: toPixels(raw, output, resolution) }, { backend, dtype: "float32" });
  const session = await backend.load(bytes, "float32").catch(async (error: unknown) => {
    await after.dispose();
    return rejected(error, file);
  });
  const dispose = async () => {
    await Promise.all([session.dispose(), after.dispose()]);
  };

  /** What the graph gives for one full run. */
  async function runGraph(latents: Float32Array, labels: readonly number[]): Promise<FloatArray> {
    const feeds: Record<string, Tensor> = { [names.latent]: tensor([batch, ...oneLatent], latents) };
    if (classes) feeds[names.label!] = encode(labels, classes);
    const given = (await session.run(feeds).catch((error: unknown) => rejected(error, file)))[names.image]!;
    if (given.length !== batch * native) {
      fail(
        `${batch * native} numbers for ${batch} pictures of [${manifest.resolution}]`,
        `${given.length}`,
        "correct the manifest's resolution",
      );
    }
    return given;
  }

  try {
    const trial = sampleLatents({ latent, ...(prior ? { prior } : {}) }, batch, createRandom(0));
    checkRange(await runGraph(trial, new Array<number>(batch).fill(0)), output, fail);
  } catch (error) {
    await dispose();
    throw error;
  }

  return {
    latent,
    prior,
    resolution,
    ...(classes ? { classes: classes.count } : {}),
    async paint(latents, labels) {
      const count = latents.length / latent;
      requireLabels(labels, count, classes?.count);
      const painted = new Float32Array(count * size);
      for (let first = 0; first < count; first += batch) {
        const chunk = new Float32Array(batch * latent);
        chunk.set(latents.subarray(first * latent, (first + batch) * latent));
        const own = Array.from({ length: batch }, (_, i) => labels?.[first + i] ?? 0);
        const { pixels } = await after.run({ raw: await runGraph(chunk, own) });
        painted.set(pixels.subarray(0, Math.min(batch, count - first) * size), first * size);
      }
      return painted;
    },
    dispose,
  };
}

function rejected(error: unknown, file: string): never {
  if (!(error instanceof BackendError)) throw error;
  const remedy = "check that the model runs in ONNX Runtime";
  return failAt(file)("a generator that runs", error.message, remedy, error);
}

/** Class numbers as the graph reads them. */
function encode(labels: readonly number[], { count, encoding }: NonNullable<GeneratorManifest["classes"]>): Tensor {
  if (encoding === "index") return tensor([labels.length], Float32Array.from(labels));
  const rows = new Float32Array(labels.length * count);
  labels.forEach((label, row) => {
    rows[row * count + label] = 1;
  });
  return tensor([labels.length, count], rows);
}

function requireLabels(labels: readonly number[] | undefined, count: number, classes: number | undefined): void {
  if (!Number.isInteger(count)) throw new RangeError("latents must be [N, latent], got a part of one");
  if (!classes) {
    if (labels) throw new RangeError("this generator takes no classes");
    return;
  }
  const fits = labels?.length === count && labels.every((y) => Number.isInteger(y) && y >= 0 && y < classes);
  if (!fits) throw new RangeError(`expected ${count} classes from 0 to ${classes - 1}, got ${labels ?? "none"}`);
}

/** Throws unless the values of a trial are such as the manifest says. */
function checkRange(values: FloatArray, output: GeneratorManifest["output"], fail: ReturnType<typeof failAt>): void {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) fail("numbers in the pictures", `${value}`);
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (typeof output === "object") return;
  const [least, most] = output === "unit" ? [0, 1] : [-1, 1];
  if (low >= least - SLACK && high <= most + SLACK) return;
  const found = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
  fail(`values from ${least} to ${most}, as output "${output}" says`, found, "correct the manifest's output");
}

// Pictures as vectors of a fixed network: LPIPS and IIP compare these. One program per network and picture size, for one picture at a time:
// at 64x64, batches of 4 to 32 took 0.3 to 0.5 ms per picture and a single one 0.4, and so equal pictures get equal vectors to the last bit.
import { readFileSync } from "node:fs";
import type { ImageShape } from "../data/dataset.js";
import { compile, concat, createGraph, type Node, type Program } from "../engine/index.js";
import type { Tensor } from "../math/tensor.js";
import { readSafetensors } from "../models/safetensors.js";
import type { Image } from "./define.js";

export interface Encoder {
  /** Tells networks, and what is done before and after them, apart. */
  readonly id: string;
  /** Values of what `trace` asks for by name. */
  weights(): ReadonlyMap<string, Tensor>;
  /** Traces from x [1, 3, H, W], pixels in [0, 1], to the vector [1, D]. */
  trace(x: Node, weight: (name: string) => Node): Node;
}

interface Opened {
  readonly program: Promise<Program<"vector">>;
  users: number;
}

/** Sizes of a process are few: that of its pictures, for two or three networks. Beyond this many, programs out of use are disposed of. */
const KEPT = 6;

/** A vector of LPIPS has 6.6 MB for 224x224 pixels. */
const REMEMBERED = 8;

/** Last used last. They hold native memory but no handle, so a process or thread ends without being asked to let go of them. */
const opened = new Map<string, Opened>();

/** Tensors of a file in assets/weights by name. */
export function readWeights(file: string): Map<string, Tensor> {
  return readSafetensors(readFileSync(new URL(`../../assets/weights/${file}`, import.meta.url)), file);
}

/**
 * The vector of a picture with one channel, which is taken three times, or three. Throws GraphError for a picture too small for the network,
 * and RangeError for other numbers of channels.
 */
export async function encode(encoder: Encoder, { shape, data }: Image): Promise<Float32Array> {
  const entry = programOf(encoder, shape);
  entry.users++;
  try {
    const { vector } = await (await entry.program).run({ x: data });
    return vector as Float32Array;
  } finally {
    entry.users--;
  }
}

/** `encode` that keeps the vectors of the last few pictures, by identity: a floor compares the same guesses with every original. */
export function createMemory(encoder: Encoder): (image: Image) => Promise<Float32Array> {
  const vectors = new Map<Image, Float32Array>();
  return async (image) => {
    const vector = vectors.get(image) ?? (await encode(encoder, image));
    vectors.delete(image);
    vectors.set(image, vector);
    if (vectors.size > REMEMBERED) vectors.delete(vectors.keys().next().value!);
    return vector;
  };
}

function programOf(encoder: Encoder, shape: ImageShape): Opened {
  const key = `${encoder.id} ${shape.join("x")}`;
  const entry = opened.get(key) ?? { program: open(encoder, shape), users: 0 };
  opened.delete(key);
  opened.set(key, entry);
  for (const [other, { program, users }] of opened) {
    if (opened.size <= KEPT) break;
    if (other === key || users > 0) continue;
    opened.delete(other);
    void program.then(
      (idle) => idle.dispose(),
      () => undefined,
    );
  }
  return entry;
}

async function open(encoder: Encoder, shape: ImageShape): Promise<Program<"vector">> {
  const [channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`${encoder.id} takes pictures with one or three channels, got ${shape.join("x")}`);
  }
  const { nodeCpu } = await import("../engine/backends/node-cpu.js");
  const weights = encoder.weights();
  const graph = createGraph();
  const x = graph.input("x", [1, ...shape]);
  const vector = encoder.trace(channels === 3 ? x : concat([x, x, x], 1), (name) =>
    graph.input(name, weights.get(name)!.shape),
  );
  return compile({ vector }, { backend: nodeCpu({ threads: 1 }), dtype: "float32", bind: Object.fromEntries(weights) });
}

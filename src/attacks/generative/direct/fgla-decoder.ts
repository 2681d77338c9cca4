// FGLA's decoder: from a feature map to the picture behind it, learnt on surrogate pictures for one net with one set of weights. Transposed
// convolutions with residual blocks and a sigmoid, as the authors' code has it; ours is narrow, without BatchNorm, and reads standardised features.
import type { ImageShape } from "../../../data/dataset.js";
import {
  affine,
  compile,
  createGraph,
  leakyRelu,
  mul,
  type Node,
  resize,
  sigmoid,
  square,
  sub,
  sum,
} from "../../../engine/index.js";
import type { Payload } from "../../../federated/hooks.js";
import { type FloatArray, type Shape, sizeOf, type Tensor, tensor } from "../../../math/tensor.js";
import { type Lookup, type Parameter, parameterInputs, parameterValues, type Weights } from "../../../models/define.js";
import { heNormal } from "../../../models/initial.js";
import { activation, type Layer, residual, sequence } from "../../../models/layers.js";
import { convolution } from "../../../models/layers-image.js";
import type { AttackContext } from "../../define.js";
import { heldWeights, trainNetwork } from "../../generators/train-network.js";
import { toModelValues, unitPictures, withMirrored } from "../../generators/unit-pictures.js";
import { upsampling } from "../../generators/upsampling.js";

export interface DecoderOptions {
  readonly trainingSteps: number;
  readonly trainingBatch: number;
  readonly width: number;
}

export interface Decoder {
  /** The weights that it was learnt for; features of others it cannot read. */
  readonly weights: Weights;
  /** Features [n, F] as pictures [n, C, H, W] in the model's space. */
  decode(features: readonly FloatArray[], context: Pick<AttackContext, "backend">): Promise<Float32Array>;
  /** Loss of the last training steps: mean squared error per pixel. */
  readonly error: number;
}

const leaky = activation((x) => leakyRelu(x, 0.2));
const scheme = heNormal("in");
const convolved = (name: string, filters: number) =>
  convolution(name, { filters, kernel: 3, padding: 1, initial: scheme });

const block = (name: string, filters: number): Layer =>
  sequence(residual(sequence(convolved(`${name}.0`, filters), leaky, convolved(`${name}.1`, filters))), leaky);

/** The network from a map [c, h, w] to pictures. Doubles the map while it fits, halving the channels; the rest of the way is interpolated. */
function decoderNetwork([depth, rows, columns]: Shape, [channels, height, width]: ImageShape, filters: number) {
  const layers: Layer[] = [convolved("start", filters), leaky, block("start", filters)];
  let [extent, own] = [[rows!, columns!] as [number, number], filters];
  for (let level = 0; 2 * extent[0] <= height && 2 * extent[1] <= width; level++) {
    own = Math.max(8, Math.floor(own / 2));
    layers.push(upsampling(`up.${level}`, own), leaky, block(`up.${level}`, own));
    extent = [2 * extent[0], 2 * extent[1]];
  }
  const placed = sequence(...layers, convolved("end", channels))([depth!, rows!, columns!]);
  const trace = (map: Node, parameter: Lookup): Node => {
    const painted = placed.apply(map, { parameter, mode: "eval", note: () => {} });
    return sigmoid(
      extent[0] === height && extent[1] === width ? painted : resize(painted, [height, width], "bilinear"),
    );
  };
  return { parameters: placed.parameters as readonly Parameter[], trace };
}

/** Pictures per run of the frozen net. */
const CHUNK = 32;

/** What the last layer reads of pictures [N, C, H, W] in the model's space, [N, F], and the shape of its map; [F, 1, 1] without one. */
export async function featuresOf(
  { model, weights }: Payload,
  images: FloatArray,
  { backend, signal }: Pick<AttackContext, "backend" | "signal">,
): Promise<{ features: Tensor; map: Shape }> {
  const size = sizeOf(model.inputShape);
  const count = images.length / size;
  const graph = createGraph();
  const x = graph.input("x", [CHUNK, ...model.inputShape]);
  const { features } = model.forward(x, parameterInputs(graph, model));
  const before = features.op === "reshape" ? features.inputs[0]!.shape : [];
  const length = features.shape[1]!;
  const program = await compile({ features }, { backend, dtype: "float32", bind: parameterValues(weights) });
  const all = new Float32Array(count * length);
  try {
    for (let first = 0; first < count; first += CHUNK) {
      signal.throwIfAborted();
      const chunk = new Float32Array(CHUNK * size);
      chunk.set(images.subarray(first * size, (first + CHUNK) * size));
      const out = (await program.run({ x: chunk })).features;
      all.set(out.subarray(0, Math.min(CHUNK, count - first) * length), first * length);
    }
  } finally {
    await program.dispose();
  }
  const isMap = before.length === 4 && sizeOf(before.slice(1)) === length;
  return { features: tensor([count, length], all), map: isMap ? before.slice(1) : [length, 1, 1] };
}

/** Per channel of maps [N, c, h, w]: the scale and shift that give them mean 0 and deviation 1. */
function standardisation({ data }: Tensor, [channels, rows, columns]: Shape) {
  const plane = rows! * columns!;
  const [sums, squares] = [new Float64Array(channels!), new Float64Array(channels!)];
  data.forEach((value, i) => {
    const channel = Math.floor(i / plane) % channels!;
    sums[channel]! += value;
    squares[channel]! += value * value;
  });
  const count = data.length / channels!;
  const mean = sums.map((total) => total / count);
  const scale = mean.map((m, channel) => 1 / Math.sqrt(Math.max(squares[channel]! / count - m * m, 1e-8)));
  return {
    scale: tensor([channels!], scale),
    shift: tensor(
      [channels!],
      mean.map((m, channel) => -m * scale[channel]!),
    ),
  };
}

/** Learns the decoder of a payload's net from pictures [N, C, H, W] in the model's space and their mirror images. */
export async function trainDecoder(
  payload: Payload,
  surrogate: Tensor,
  { trainingSteps, trainingBatch, width }: DecoderOptions,
  context: Pick<AttackContext, "backend" | "random" | "signal" | "progress">,
): Promise<Decoder> {
  const { inputShape } = payload.model;
  const pictures = withMirrored(surrogate);
  const unit = unitPictures(pictures);
  const { features, map } = await featuresOf(payload, pictures.data, context);
  const network = decoderNetwork(map, inputShape, width);
  const statistics = standardisation(features, map);
  const trace = (maps: Node, parameter: Lookup) =>
    network.trace(
      affine(maps, maps.graph.constant(statistics.scale), maps.graph.constant(statistics.shift)),
      parameter,
    );
  const { weights, curve } = await trainNetwork(
    {
      parameters: network.parameters,
      data: { map: { shape: [features.shape[0]!, ...map], data: features.data }, picture: unit.pictures },
      loss: ({ map, picture }, parameter) => {
        const error = square(sub(trace(map, parameter), picture));
        return mul(1 / sizeOf(error.shape), sum(error));
      },
      steps: trainingSteps,
      batchSize: trainingBatch,
      learningRate: 2e-3,
    },
    { ...context, random: context.random.split("decoder") },
  );
  return {
    weights: payload.weights,
    error: curve.at(-1)!.loss,
    async decode(maps, { backend }) {
      const graph = createGraph();
      const x = graph.input("x", [maps.length, ...map]);
      const program = await compile({ y: trace(x, heldWeights(weights)(x)) }, { backend, dtype: "float32" });
      try {
        const joined = new Float32Array(maps.length * sizeOf(map));
        maps.forEach((each, i) => {
          joined.set(each, i * each.length);
        });
        const { y } = await program.run({ x: joined });
        return toModelValues(tensor([maps.length, ...inputShape], y), unit);
      } finally {
        await program.dispose();
      }
    },
  };
}

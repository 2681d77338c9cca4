// Payloads of malicious servers, built by the published recipes (spec/attacks-analytic.md 3.1 to 3.3, 4.3) and by our own attacks: what a
// detector must find.
import loki from "../src/attacks/analytic/isolation/loki.js";
import fishing from "../src/attacks/analytic/sparsification/fishing.js";
import { rewriteHead, type Tackle } from "../src/attacks/analytic/sparsification/fishing-queries.js";
import robbingTheFed from "../src/attacks/analytic/sparsification/robbing-the-fed.js";
import { type Batch, type Dataset, readBatch } from "../src/data/dataset.js";
import type { Payload } from "../src/federated/hooks.js";
import { laplaceQuantile, normalQuantile } from "../src/math/normal.js";
import { createRandom, type Random } from "../src/math/random.js";
import { sizeOf, tensor } from "../src/math/tensor.js";
import { models } from "../src/models/index.js";
import { armInput, attackContext, freshPayload } from "./small-round.js";

export interface Armed {
  readonly name: string;
  readonly payload: Payload;
  /** Detectors that are meant for such payloads. */
  readonly finders: readonly string[];
}

type Built = Omit<Armed, "finders">;

/** `payload` with some of its tensors replaced, values only. */
function rewrite(
  { model, weights }: Payload,
  values: Readonly<Record<string, (i: number, old: number) => number>>,
): Payload {
  const changed = Object.entries(values).map(([name, value]) => {
    const { shape, data } = weights.get(name)!;
    return [
      name,
      tensor(
        shape,
        data.map((old, i) => value(i, old)),
      ),
    ] as const;
  });
  return { model, weights: new Map([...weights, ...changed]) };
}

const query = { weight: "imprint.0.weight", bias: "imprint.0.bias" };

/** Robbing the Fed with both rules of our attack, and with the queries and bin rules of the authors' and breaching's code. */
async function robbingTheFedPayloads(honest: Payload, surrogate: Batch, random: Random): Promise<Built[]> {
  const context = attackContext(1);
  const armed: Built[] = [];
  const arm = async (bins: number, edges: string) => {
    const options = robbingTheFed.options.parse({ bins, edges });
    const prepared = await robbingTheFed.prepare!({ payload: honest, surrogate }, options, context);
    return (await robbingTheFed.arm!(armInput(honest, prepared), options, context)).payload(0, 0, []);
  };
  for (const edges of ["normal", "empirical"]) {
    for (const bins of [16, 64, 256])
      armed.push({ name: `${edges} edges, ${bins} bins`, payload: await arm(bins, edges) });
  }
  const bins = 64;
  const plain = await arm(bins, "normal");
  const pixels = sizeOf(honest.model.inputShape);
  const mode = 32;
  const cosine = (n: number) => (4 * mode * Math.cos((Math.PI * mode * (n + 0.5)) / pixels)) / pixels;
  const row = new Float64Array(pixels);
  random.fillNormal(row, 0, 1 / Math.sqrt(pixels));
  const laplace = (bin: number) => (bin === 0 ? 10 : -laplaceQuantile(bin / bins, 1 / Math.SQRT2));
  const normal = (bin: number) => (bin === 0 ? 10 : -normalQuantile(bin / bins));
  armed.push({
    name: "cosine query, Laplace edges",
    payload: rewrite(plain, {
      [query.weight]: (i) => 1e-3 * cosine(i % pixels),
      [query.bias]: (i) => 1e-3 * laplace(i),
    }),
  });
  armed.push({
    name: "random query, normal edges",
    payload: rewrite(plain, { [query.weight]: (i) => 1e-3 * row[i % pixels]!, [query.bias]: (i) => 1e-3 * normal(i) }),
  });
  // The variant for FedAvg divides every row by the width of its bin.
  const width = (bin: number) =>
    Math.max(1e-3, normalQuantile((bin + 2) / (bins + 2)) - normalQuantile((bin + 1) / (bins + 2)));
  armed.push({
    name: "mean query, rows over bin widths",
    payload: rewrite(plain, {
      [query.weight]: (i, old) => old / width(Math.floor(i / pixels)),
      [query.bias]: (i, old) => old / width(i),
    }),
  });
  return armed;
}

const TRAP_DEVIATION = 0.5;

/** Trap weights (Boenisch et al. 2023, algorithm 1) in the first fully connected layer of an honest model. */
function trapWeights({ model, weights }: Payload, scale: number, random: Random): Payload {
  const [name, { shape, data }] = [...weights].find(([, each]) => each.shape.length === 2)!;
  const [rows, columns] = shape as [number, number];
  const trapped = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const order = random.shuffle(Array.from({ length: columns }, (_, i) => i));
    const half = columns >> 1;
    const negative = Array.from({ length: half }, () => -Math.abs(TRAP_DEVIATION * random.normal()));
    const positive = random.shuffle(negative);
    negative.forEach((value, i) => {
      trapped[row * columns + order[i]!] = value;
      trapped[row * columns + order[half + i]!] = -scale * positive[i]!;
    });
  }
  const bias = name.replace(/weight$/, "bias");
  const zeros = tensor([rows], new Float32Array(rows));
  return {
    model,
    weights: new Map([
      ...weights,
      [name, tensor(shape, trapped)],
      ...(weights.has(bias) ? [[bias, zeros] as const] : []),
    ]),
  };
}

/** The class attack of fishing (Wen et al. 2022): only the row of class `target` is left, and biases switch all others off. */
export function classFishing(payload: Payload, target: number): Payload {
  const { weight, bias } = payload.model.head;
  const features = payload.weights.get(weight)!.data.length / payload.model.classes;
  return rewrite(payload, {
    [weight]: (i) => (Math.floor(i / features) === target ? 0.5 : 0),
    ...(bias && { [bias]: (i: number, old: number) => (i === target ? old : 1000) }),
  });
}

/** The feature attack of fishing: one weight in the whole head. */
function featureFishing(payload: Payload, target: number, feature: number, cut: number): Payload {
  const { weight, bias } = payload.model.head;
  const features = payload.weights.get(weight)!.data.length / payload.model.classes;
  return rewrite(payload, {
    [weight]: (i) => (i === target * features + feature ? 300 : 0),
    ...(bias && { [bias]: (i: number) => (i === target ? -300 * cut : 1000) }),
  });
}

/** The first convolution hands each channel on unchanged, times `gain` (LOKI's scaling factor, Zhao et al. 2024). */
function identityKernels(payload: Payload, gain: number): Payload {
  const { name, shape } = payload.model.parameters.find((each) => each.shape.length === 4)!;
  const [, channels, height, width] = shape as [number, number, number, number];
  const plane = height * width;
  const centre = (height >> 1) * width + (width >> 1);
  return rewrite(payload, {
    [name]: (i) => {
      const [filter, within] = [Math.floor(i / (channels * plane)), i % (channels * plane)];
      return within === (filter % channels) * plane + centre ? gain : 0;
    },
  });
}

/** Every kind of query that our fishing makes, on a fresh model. */
async function fishingPayloads(honest: Payload, target: number): Promise<Built[]> {
  const input = armInput(honest, undefined, { batchSize: 16 });
  const tackle = (await fishing.arm!(input, fishing.options.parse({}), attackContext(1))).secret as Tackle;
  const features = honest.weights.get(honest.model.head.weight)!.shape[1]!;
  const cut = { kind: "cut", target, direction: new Float64Array(features).fill(1 / features), slope: 1e5 } as const;
  const sent = (query: Parameters<typeof rewriteHead>[1]) => rewriteHead(honest, query, tackle);
  return [
    { name: "class query", payload: sent({ kind: "class", target }) },
    { name: "cut in the middle", payload: sent({ ...cut, at: 0.5 }) },
    { name: "cut below everything", payload: sent({ ...cut, at: Number.NEGATIVE_INFINITY }) },
    { name: "cut above everything", payload: sent({ ...cut, at: Number.POSITIVE_INFINITY }) },
  ];
}

/** Our LOKI as a client of several gets it, with the default factor and without. */
async function lokiPayloads(honest: Payload, surrogate: Batch): Promise<Built[]> {
  const context = attackContext(1);
  const prepared = await loki.prepare!({ payload: honest, surrogate }, {}, context);
  const arm = async (scale: number, clients: number) => {
    const armed = await loki.arm!(
      armInput(honest, prepared, { clients }),
      loki.options.parse({ bins: 64, scale }),
      context,
    );
    return { name: `factor ${scale}, ${clients} client(s)`, payload: armed.payload(0, clients - 1, []) };
  };
  return [await arm(1e5, 1), await arm(1e5, 3), await arm(1, 3)];
}

const SURROGATES = 200;

/** One payload of every kind, on fresh weights of several models. */
export async function armedPayloads(dataset: Dataset, seed: number): Promise<Armed[]> {
  const random = createRandom(seed).split("armed");
  const fresh = (id: string) =>
    freshPayload(models[id]!(dataset.shape, dataset.classes.length), random.split("weights", id));
  const surrogate = readBatch(
    dataset,
    Array.from({ length: SURROGATES }, () => random.integer(dataset.length)),
  );
  const imprints = (await robbingTheFedPayloads(fresh("convnet"), surrogate, random)).map((each) => ({
    ...each,
    name: `robbing-the-fed: ${each.name}`,
    finders: ["duplicate-rows", "constant-next-layer"],
  }));
  const traps = [0.7, 0.9, 0.95, 0.97, 0.99].map((scale) => ({
    name: `trap weights, factor ${scale}`,
    payload: trapWeights(fresh("mlp"), scale, random),
    finders: ["trap-rows"],
  }));
  const target = random.integer(dataset.classes.length);
  const classes = ["lenet", "convnet", "mlp", "resnet20"].map((id) => ({
    name: `class fishing on ${id}`,
    payload: classFishing(fresh(id), target),
    finders: ["constant-next-layer", "dynamics"],
  }));
  const features = ["convnet", "resnet20"].map((id) => ({
    name: `feature fishing on ${id}`,
    payload: featureFishing(fresh(id), target, 7, 0.5),
    finders: ["dynamics"],
  }));
  const kernels = [1, 500].map((gain) => ({
    name: `identity kernels, gain ${gain}`,
    payload: identityKernels(fresh("convnet"), gain),
    finders: ["transmission-snr"],
  }));
  const queries = (await fishingPayloads(fresh("convnet"), target)).map((each) => ({
    ...each,
    name: `our fishing: ${each.name}`,
    finders: ["dynamics"],
  }));
  const isolating = (await lokiPayloads(fresh("convnet"), surrogate)).map((each) => ({
    ...each,
    name: `our loki: ${each.name}`,
    finders: ["duplicate-rows", "constant-next-layer", "transmission-snr"],
  }));
  return [...imprints, ...traps, ...classes, ...features, ...kernels, ...queries, ...isolating];
}

// Cocktail party attack: the gradient of a fully connected layer is a linear mixture of what the layer read of each image, so that blind source
// separation takes it apart, however many clients were summed (spec/attacks-optimization.md 2.8). Ours takes scale and sign from the bias.
import { z } from "zod";
import { tensor } from "../../../math/tensor.js";
import type { Model } from "../../../models/define.js";
import type { BasicKnowledge, ObservedRound } from "../../../threat/observation.js";
import { defineAttack } from "../../define.js";
import { modelRange, toPixels } from "../pixels.js";
import { invertReadings } from "./cocktail-party-inversion.js";
import { type ConnectedLayer, connectedLayers } from "./cocktail-party-layer.js";
import { proofs } from "./cocktail-party-proofs.js";
import { type RangeAt, scaleSources } from "./cocktail-party-scale.js";
import { smoothness, unmix } from "./cocktail-party-unmixing.js";
import { type Gradient, whiten } from "./cocktail-party-whitening.js";

const weight = (what: string) => z.number().min(0).optional().describe(what);

const options = z.object({
  layer: z.string().optional().describe("name of a fully connected layer, e.g. fc1; default: the first one"),
  iterations: z.int().min(1).default(3000).describe("steps of Adam that unmix (authors: 25,000)"),
  learningRate: z.number().gt(0).default(5e-3),
  negentropy: z.number().min(0).default(1).describe("weight of being far from Gaussian"),
  decorrelation: weight(
    "weight of directions repelling each other; default 0.3 for images (authors: 1.47), 5.3 for embeddings",
  ),
  temperature: weight("how sharply they repel; default 12.4 for images, 7.7 for embeddings"),
  tv: z.number().min(0).default(10).describe("images: weight of total variation (authors: 3.1)"),
  sign: z.number().min(0).default(0.13).describe("embeddings: weight of being of one sign"),
  sparsity: z.number().min(0).default(5).describe("embeddings: weight of being sparse"),
  scale: z
    .enum(["bias", "range"])
    .default("bias")
    .describe(
      "scale and sign of a source: `bias`: by its share of the bias gradient; `range`: over the pixel range (authors)",
    ),
  inversionSteps: z
    .int()
    .min(1)
    .default(1000)
    .describe("embeddings: steps that look for images with them (authors: 25,000)"),
  inversionRate: z.number().gt(0).default(0.1),
  inversionTv: z.number().min(0).default(0.1),
});

/** What the authors' search found for each kind of source; images repel each other less here, since many are much alike. */
const found = {
  images: { decorrelation: 0.3, temperature: 12.4 },
  embeddings: { decorrelation: 5.3, temperature: 7.7 },
} as const;

export default defineAttack({
  id: "cocktail-party",
  title: "Cocktail Party Attack",
  summary:
    "Takes the gradient of a fully connected layer apart into the images behind it, even when clients are summed.",
  paper: {
    authors: "Kariyappa, Guo, Maeng, Xiong, Suh, Qureshi, Lee",
    title:
      "Cocktail Party Attack: Breaking Aggregation-Based Privacy in Federated Learning using Independent Component Analysis",
    year: 2023,
    venue: "ICML",
    seedRef: 37,
    url: "https://arxiv.org/abs/2209.05578",
  },
  category: "optimization/basic",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD", "FedAvg"], modalities: ["image"], maxBatch: 1024 },
  options,
  control: { model: "mlp", batchSize: 8, seed: 1, options: {}, bar: 30 },
  proofs,
  async run({ observation: { updates, basicKnowledge } }, chosen, context) {
    const round = updates.rounds[0]!;
    const { model } = round.payload;
    const { batchSize } = basicKnowledge;
    const layer = chooseLayer(model, chosen.layer);
    const whitened = whiten(gradientOf(round, layer), batchSize, context.random.split("whitening"));
    const { count, active } = whitened;
    const told = `layer ${layer.name}: ${active} of ${layer.outputs} neurons active, ${count} directions for ${batchSize} images`;
    if (count === 0) {
      return {
        inputs: tensor([0, ...model.inputShape], new Float64Array(0)),
        confidence: [],
        curve: [],
        iterations: 0,
        exhausted: false,
        notes: [`${told}: its gradient is zero`],
      };
    }

    const ofImages = layer.reads === "images";
    const shape = [count, ...model.inputShape];
    const scaled = (directions: Float64Array) =>
      scaleSources(
        chosen.scale === "bias" ? whitened : { ...whitened, biases: undefined },
        directions,
        ofImages ? rangeOf(model, basicKnowledge) : undefined,
      );
    const preview = (directions: Float64Array) =>
      ofImages ? toPixels(scaled(directions).readings, shape, basicKnowledge.normalization) : undefined;
    const unmixed = await unmix(
      whitened,
      {
        decorrelation: chosen.decorrelation ?? found[layer.reads].decorrelation,
        temperature: chosen.temperature ?? found[layer.reads].temperature,
        iterations: chosen.iterations,
        learningRate: chosen.learningRate,
        negentropy: chosen.negentropy,
        ...(ofImages
          ? { tv: chosen.tv, imageShape: model.inputShape, sign: 0, sparsity: 0 }
          : { tv: 0, sign: chosen.sign, sparsity: chosen.sparsity }),
      },
      preview,
      context,
    );
    const { readings, stretched, guessed } = scaled(unmixed.directions);
    const notes = [
      told,
      ...(count < batchSize
        ? [`more images than directions: ${batchSize - count} of them cannot come back, and those that do are mixed`]
        : []),
      ...(stretched > 0
        ? [`${stretched} of ${count} sources were stretched over the range of what the layer reads`]
        : []),
      ...(guessed > 0 ? [`nothing tells the sign of ${guessed} of ${count} sources: they may be negatives`] : []),
    ];
    const result = { curve: unmixed.curve, iterations: unmixed.iterations };
    if (ofImages) {
      const inputs = toPixels(readings, shape, basicKnowledge.normalization);
      return {
        ...result,
        inputs,
        confidence: smoothness(tensor(shape, readings)),
        exhausted: unmixed.exhausted,
        notes,
      };
    }
    const inverted = await invertReadings(
      round.payload,
      layer,
      readings,
      basicKnowledge,
      { steps: chosen.inversionSteps, learningRate: chosen.inversionRate, tv: chosen.inversionTv },
      context,
    );
    return {
      ...result,
      inputs: toPixels(inverted.images, shape, basicKnowledge.normalization),
      confidence: [...inverted.similarity],
      exhausted: unmixed.exhausted || inverted.exhausted,
      notes: [...notes, "the layer reads embeddings: images were sought that have them"],
    };
  },
});

function chooseLayer(model: Model, name: string | undefined): ConnectedLayer {
  const layers = connectedLayers(model);
  const layer = name === undefined ? layers[0] : layers.find((each) => each.name === name);
  if (layer) return layer;
  const there = layers.length === 0 ? "it has none" : `there are ${layers.map((each) => each.name).join(", ")}`;
  throw new RangeError(
    `model ${model.id} has no fully connected layer ${name ? `"${name}"` : "to take apart"}: ${there}`,
  );
}

function gradientOf({ view }: ObservedRound, { weight, bias, transposed, outputs, inputs }: ConnectedLayer): Gradient {
  const sent = (name: string) => {
    const held = view.update.get(name);
    if (!held) throw new RangeError(`the observed update lacks the tensor "${name}"`);
    return held.data;
  };
  const data = sent(weight);
  const rows = transposed ? data.map((_, i) => data[(i % inputs) * outputs + Math.floor(i / inputs)]!) : data;
  return { weight: rows, ...(bias === undefined ? {} : { bias: sent(bias) }), outputs, inputs };
}

/** Of what a layer reads that reads images. */
function rangeOf({ inputShape: [, height, width] }: Model, knowledge: BasicKnowledge): RangeAt {
  return (position) => modelRange(knowledge, Math.floor(position / (height * width)));
}

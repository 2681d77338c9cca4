// What the trained CIFAR-10 ResNet-20 (akamaster/pytorch_resnet_cifar10) reads its class from: a description of a picture that does not depend
// on the attacked model (spec/metrics.md section 3.8).
import { add, div, l2Norm, mul, type Node, reshape, resize } from "../engine/index.js";
import { tensor } from "../math/tensor.js";
import resnet20 from "../models/resnet20.js";
import { loadWeights } from "../models/weights.js";
import { type Encoder, readWeights } from "./encode.js";

const FILE = "resnet20_cifar10.safetensors";
const SIDE = 32;
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const model = resnet20([3, SIDE, SIDE], 10);

function normalise(x: Node): Node {
  const perChannel = (values: number[]) => x.graph.constant(tensor([1, 3, 1, 1], Float64Array.from(values)));
  const slope = perChannel(DEVIATION.map((deviation) => 1 / deviation));
  return add(mul(x, slope), perChannel(MEAN.map((mean, channel) => -mean / DEVIATION[channel]!)));
}

/** The 64 pooled features at unit length (zero where all are), so that the product of two vectors is their cosine. */
export const classFeatures: Encoder = {
  id: "resnet20 features",
  weights: () => loadWeights(model, readWeights(FILE), FILE),
  trace(x, weight) {
    const { features } = model.forward(normalise(resize(x, [SIDE, SIDE], "bilinear")), weight);
    return div(features, add(reshape(l2Norm(features), [1, 1]), 1e-12));
  },
};

// All models by id.
import type { ImageShape } from "../data/dataset.js";
import cnn6 from "./cnn6.js";
import convnet from "./convnet.js";
import convnetBn from "./convnet-bn.js";
import convnet8 from "./convnet8.js";
import type { Model } from "./define.js";
import fc6 from "./fc6.js";
import lenet, { lenetRelu } from "./lenet.js";
import lenetWide from "./lenet-wide.js";
import mlp from "./mlp.js";
import mlpWide from "./mlp-wide.js";
import mobilenetv2 from "./mobilenetv2.js";
import { resnet18, resnet34, resnet50 } from "./resnet.js";
import resnet20 from "./resnet20.js";
import transformer from "./transformer.js";
import { vgg11, vgg16 } from "./vgg.js";
import { vit, vitSmall, vitTiny } from "./vit.js";

export type MakeModel = (inputShape: ImageShape, classes: number) => Model;

/** Classifiers of pictures. */
export const models: Readonly<Record<string, MakeModel>> = {
  lenet,
  "lenet-relu": lenetRelu,
  "lenet-wide": lenetWide,
  convnet,
  convnet8,
  "convnet-bn": convnetBn,
  cnn6,
  fc6,
  mlp,
  "mlp-wide": mlpWide,
  resnet18,
  resnet20,
  resnet34,
  resnet50,
  vgg11,
  vgg16,
  mobilenetv2,
  vit,
  "vit-tiny": vitTiny,
  "vit-small": vitSmall,
};

/** Classifiers of text: no data source here gives text yet, so that an audit cannot choose them. */
export const textModels: Readonly<Record<string, MakeModel>> = { transformer };

// All models by id.
import type { ImageShape } from "../data/dataset.js";
import convnet from "./convnet.js";
import convnet8 from "./convnet8.js";
import type { Model } from "./define.js";
import lenet from "./lenet.js";
import lenetWide from "./lenet-wide.js";
import mlp from "./mlp.js";

export type MakeModel = (inputShape: ImageShape, classes: number) => Model;

export const models: Readonly<Record<string, MakeModel>> = { lenet, "lenet-wide": lenetWide, convnet, convnet8, mlp };

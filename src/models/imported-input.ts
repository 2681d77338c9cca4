// How pictures [N, C, H, W] become the input of a user's ONNX model: channels first or last, maps without channels, rows of features.
import type { ImageShape } from "../data/dataset.js";
import { type Node, reshape, transpose } from "../engine/index.js";
import { type OnnxImport, OnnxImportError } from "../engine/onnx/import.js";

export interface ImportOptions {
  /** The size of images, where the file leaves it open. */
  readonly inputShape?: ImageShape;
}

/** How images [N, C, H, W] become the file's input. */
export interface InputForm {
  readonly inputShape: ImageShape;
  readonly channelsLast: boolean;
  /** The batch size that the file fixes. */
  readonly batch: number | undefined;
  adapt(x: Node): Node;
}

const FEW_CHANNELS = 4;

/** Whether the input is [N, H, W, C]: exporters then begin by moving the channels to the front. */
function isChannelsLast({ nodes, input }: OnnxImport): boolean {
  const readers = nodes.filter(({ inputs }) => inputs.includes(input.name));
  const moves = readers.map(({ type, attributes }) => type === "Transpose" && attributes.get("perm")?.ints.join());
  if (moves.includes("0,3,1,2")) return true;
  const [, first, , last] = input.shape;
  const few = (extent: unknown) => typeof extent === "number" && extent <= FEW_CHANNELS;
  return few(last) && !few(first);
}

/** The form of the model's input. Throws OnnxImportError for what is no picture, and for a size that nobody gives. */
export function inputForm(graph: OnnxImport, { inputShape: given }: ImportOptions): InputForm {
  const { file, input } = graph;
  const at = `input ${JSON.stringify(input.name)}`;
  const fail = (expected: string, actual: string, remedy: string): never => {
    throw new OnnxImportError({ file, at, expected, actual, remedy });
  };
  if (input.kind !== "float") {
    fail("an image of floats", `${input.kind ?? "another type"}s`, "export a model of images in float32");
  }
  const [first, ...own] = input.shape;
  const batch = typeof first === "number" ? first : undefined;
  const channelsLast = own.length === 3 && isChannelsLast(graph);
  const turned = channelsLast ? [own[2]!, own[0]!, own[1]!] : own;
  // Rows of features are images of one row; maps without channels have one.
  const sizes = turned.length < 3 ? [...Array.from({ length: 3 - turned.length }, () => 1), ...turned] : turned;
  if (first === undefined || own.length < 1 || own.length > 3) {
    fail("[N, C, H, W], [N, H, W, C], [N, H, W] or [N, features]", `[${input.shape}]`, "export a model of images");
  }
  const known = sizes.map((extent, axis) => (typeof extent === "number" ? extent : given?.[axis]));
  if (known.includes(undefined)) {
    fail("a fixed image size", `[${input.shape}]`, "give inputShape [C, H, W], or export with a fixed size");
  }
  const inputShape = known as unknown as ImageShape;
  if (given && given.join() !== inputShape.join()) {
    fail(`images of ${given.join("x")}, as asked for`, `[${input.shape}]`, "leave inputShape to the file");
  }
  return {
    inputShape,
    channelsLast,
    batch,
    adapt(x) {
      if (channelsLast) return transpose(x, [0, 2, 3, 1]);
      return reshape(x, [x.shape[0]!, ...x.shape.slice(4 - own.length)]);
    },
  };
}

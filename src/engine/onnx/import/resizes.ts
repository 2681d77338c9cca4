// Resize of images [N, C, H, W]: nearest neighbours in all of ONNX's coordinates, linear and cubic in those of PyTorch.
import { resize } from "../../ops/resize.js";
import { gather } from "./moves.js";
import { activation, type Operation, optionalNumbers, type RuleFamily } from "./operation.js";
import type { Traced } from "./value.js";

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
}

/** Where output `o` lies between the input positions, by `coordinate_transformation_mode`. */
const places: Readonly<Record<string, (o: number, axis: Axis) => number>> = {
  half_pixel: (o, { scale }) => (o + 0.5) / scale - 0.5,
  pytorch_half_pixel: (o, { scale, output }) => (output > 1 ? (o + 0.5) / scale - 0.5 : 0),
  asymmetric: (o, { scale }) => o / scale,
  align_corners: (o, { input, output }) => (output > 1 ? (o * (input - 1)) / (output - 1) : 0),
};

const roundings: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Extents and scales of all axes, from `scales` or `sizes`. */
function axesOf(operation: Operation, { shape }: Traced): Axis[] {
  const scales = optionalNumbers(operation, 2, "scales");
  const sizes = optionalNumbers(operation, 3, "sizes");
  const given = sizes?.data.length ? sizes : scales;
  if (given?.data.length !== shape.length || operation.attributes.has("axes")) {
    return operation.fail(`scales or sizes of all ${shape.length} axes`, `${given?.data.length ?? 0}`);
  }
  return shape.map((input, axis) => {
    const value = given.data[axis]!;
    const output = given === sizes ? value : Math.floor(input * value);
    return { input, output, scale: given === sizes ? output / input : value };
  });
}

function resized(operation: Operation): Traced {
  const { attributes, fail } = operation;
  const x = activation(operation, 0, [4]);
  const axes = axesOf(operation, x);
  const wrong = axes.findIndex(
    ({ input, output }, axis) => !(output >= 1 && output <= 2 ** 16) || (axis < 2 && input !== output),
  );
  if (wrong >= 0) fail("a new height and width of 1 to 65536", `${axes[wrong]!.output} on axis ${wrong}`);
  const mode = attributes.text("mode", "nearest");
  const coordinates = attributes.text("coordinate_transformation_mode", "half_pixel");
  if (attributes.int("antialias", 0) === 1) fail("a resize without antialiasing", "antialias = 1");
  const place =
    places[coordinates] ?? fail(`coordinates ${Object.keys(places).join(", ")}`, JSON.stringify(coordinates));
  if (mode === "nearest") {
    const name = attributes.text("nearest_mode", "round_prefer_floor");
    const round = roundings[name] ?? fail(`nearest_mode ${Object.keys(roundings).join(", ")}`, JSON.stringify(name));
    return [2, 3].reduce((image, i) => {
      const axis = axes[i]!;
      const rows = Array.from({ length: axis.output }, (_, o) =>
        Math.min(Math.max(round(place(o, axis)), 0), axis.input - 1),
      );
      return gather(image, rows, i) as Traced;
    }, x);
  }
  const engineMode =
    mode === "linear" ? "bilinear" : mode === "cubic" ? "bicubic" : fail("nearest, linear or cubic", mode);
  const steady = axes.every(({ input, output, scale }) => Math.abs(scale * input - output) < 1e-3);
  const pixels =
    coordinates === "half_pixel" || (coordinates === "pytorch_half_pixel" && axes.every(({ output }) => output > 1));
  if (!steady || (!pixels && coordinates !== "align_corners")) {
    fail("half_pixel or align_corners coordinates and scales that give whole extents", `${mode} with ${coordinates}`);
  }
  if (
    mode === "cubic" &&
    (attributes.float("cubic_coeff_a", -0.75) !== -0.75 || attributes.int("exclude_outside", 0) === 1)
  ) {
    fail("cubic_coeff_a of -0.75 without exclude_outside", "another");
  }
  const size = [axes[2]!.output, axes[3]!.output] as const;
  const node = resize(x.node, size, engineMode, { alignCorners: coordinates === "align_corners" });
  return { node, shape: node.shape, batch: x.batch, learnt: x.learnt };
}

export const resizeRules: RuleFamily = { Resize: resized };

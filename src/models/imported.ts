// A user's ONNX model as a model of ours: which initialisers are learnt, which are statistics, where the last fully connected layer is, and
// what the user should know about the export.
import { createGraph, type Node, reshape, swapLast } from "../engine/index.js";
import {
  type Dense,
  importOnnx,
  isInFront,
  type Known,
  type OnnxImport,
  OnnxImportError,
  type OnnxTrace,
  type Traced,
} from "../engine/onnx/import.js";
import { cast, type Shape, sizeOf, type Tensor, tensor } from "../math/tensor.js";
import type { Initial, Lookup, Mode, Model, Parameter, Weights } from "./define.js";
import { type ImportOptions, type InputForm, inputForm } from "./imported-input.js";

export interface ImportedModel {
  readonly model: Model;
  readonly weights: Weights;
  /** What the user should know about this export, with remedies. */
  readonly warnings: readonly string[];
  /** Parameters that the file stores the other way round: rows by input. Updates that use the file's layout are to be transposed. */
  readonly transposed: ReadonlySet<string>;
}

/** The argument of PyTorch's exporter that leaves the batch size open. */
const OPEN_BATCH = "dynamic_axes={input: {0: 'N'}, output: {0: 'N'}}";

/** Traces with inputs for parameters, in a graph that is thrown away. */
function survey(graph: OnnxImport, form: InputForm, samples: number): OnnxTrace {
  const scratch = createGraph();
  const x = form.adapt(scratch.input("x", [samples, ...form.inputShape]));
  const trace = graph.trace(x, { samples, parameter: (name, { shape }) => scratch.input(`parameter:${name}`, shape) });
  if (samples === 1 || isInFront(trace.output.batch)) return trace;
  const remedy = `export with ${OPEN_BATCH}`;
  const at = `output ${JSON.stringify(graph.output)}`;
  const actual = `[${trace.output.shape}], in which samples may be mixed`;
  throw new OnnxImportError({ file: graph.file, at, expected: "samples along the first axis", actual, remedy });
}

interface Survey {
  readonly trace: OnnxTrace;
  /** The only batch size that the file allows, and what stood in the way of others. */
  readonly only?: { readonly samples: number; readonly reason: string };
}

/** Traces at a batch size that the file does not fix; where that fails, at the one that it was exported with. */
function surveyed(graph: OnnxImport, form: InputForm): Survey {
  try {
    return { trace: survey(graph, form, 2) };
  } catch (error) {
    const samples = form.batch ?? 1;
    const trace = survey(graph, form, samples);
    return { trace, only: { samples, reason: error instanceof Error ? error.message : String(error) } };
  }
}

/** Logits [N, classes] and the layer that they come from: a softmax at the end is taken off. */
function ending({ file, output: name }: OnnxImport, { output }: OnnxTrace): { logits: Node; head: Dense } {
  const value = output.logits ?? output;
  const at = `output ${JSON.stringify(name)}`;
  if (value.shape.length !== 2 || !value.dense) {
    const expected = "class scores [N, classes] of a fully connected layer (Gemm, or MatMul and Add)";
    const actual = value.dense ? `[${value.shape}]` : `[${value.shape}] of other ops`;
    const remedy = "export a classifier that ends in its last fully connected layer";
    throw new OnnxImportError({ file, at, expected, actual, remedy });
  }
  return { logits: value.node, head: value.dense };
}

const flat = ({ node, shape }: Traced): Node => reshape(node, [shape[0]!, sizeOf(shape.slice(1))]);

/** A guess at fresh values, since an ONNX file does not say how its weights were drawn: by fan-in, scales 1, offsets 0. */
function initialOf(name: string, shape: Shape): Initial {
  if (shape.length > 1) return { uniform: 1 / Math.sqrt(sizeOf(shape.slice(1))) };
  return { constant: /var|gamma|scale|weight/i.test(name) ? 1 : 0 };
}

const MADE_UP = /^onnx::/;

/** What to know about an export. */
function warningsOf(
  graph: OnnxImport,
  form: InputForm,
  { trace, only }: Survey,
  flipped: string | undefined,
): string[] {
  const named = (pattern: RegExp) => [...trace.uses.keys()].filter((name) => pattern.test(name));
  const convolutions = graph.nodes.filter(({ type }) => type === "Conv");
  // Weight and bias both made up: both were computed from a BatchNorm's.
  const folded = convolutions
    .map(({ inputs }) => inputs.slice(1))
    .filter((own) => own.length === 2 && own.every((name) => MADE_UP.test(name)))
    .flat();
  const madeUp = named(MADE_UP).filter((name) => !folded.includes(name));
  const notes: [boolean, string][] = [
    [
      folded.length > 0,
      `BatchNorm is folded into the convolutions (${folded[0]}, ...), so that updates will not match by name or number; export with training=TrainingMode.PRESERVE, do_constant_folding=False`,
    ],
    [
      madeUp.length > 0,
      `the exporter renamed or transposed ${madeUp.length} weights (${madeUp[0]}, ...), which updates will not match by name; export with do_constant_folding=False to keep their names`,
    ],
    [form.channelsLast, "the input is channels-last [N, H, W, C]; images are moved to that form before the model"],
    [
      trace.output.logits !== undefined,
      "the model ends in a softmax, which is taken off: the loss is computed from what it reads",
    ],
    [
      flipped !== undefined,
      `the last layer's weight ${flipped} is stored by input and held here by class, [classes, features]`,
    ],
    [
      trace.renamed.size > 0,
      `the exporter stored ${trace.renamed.size} tensors of equal numbers under another's name; each is taken as one of its own`,
    ],
    [
      graph.otherOutputs.length > 0,
      `only the output ${graph.output} is used, not ${graph.otherOutputs.slice(0, 8).join(", ")}`,
    ],
    [
      only !== undefined,
      `only batches of ${only?.samples} can be traced; export with ${OPEN_BATCH} for others (${only?.reason})`,
    ],
  ];
  return [...notes.filter(([holds]) => holds).map(([, text]) => text), ...trace.warnings];
}

function heldWeight({ shape, data }: Known, isFlipped: boolean): Tensor {
  if (!isFlipped) return tensor(shape, cast(data, "float32"));
  const [rows, columns] = shape as [number, number];
  const turned = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return tensor([columns, rows], turned);
}

/**
 * Reads an ONNX model; `file` is how errors call it. Parameters keep the names of the file's initialisers, in its order where each is stored once,
 * else in the order of their use. Throws OnnxImportError on a file that cannot be used, with the node or byte at fault and what to do.
 */
export function readOnnxModel(bytes: Uint8Array, file: string, options: ImportOptions = {}): ImportedModel {
  const graph = importOnnx(bytes, file);
  const form = inputForm(graph, options);
  const survey = surveyed(graph, form);
  const { trace, only } = survey;
  const { head } = ending(graph, trace);
  const flipped = head.rowsByOutput ? undefined : head.weight;
  const held = (name: string) => (graph.initialisers.get(name) ?? trace.renamed.get(name))!;

  const order = trace.renamed.size > 0 ? [...trace.uses.keys()] : [...graph.initialisers.keys()];
  const parametersOf = (role: string): Parameter[] =>
    order
      .filter((name) => trace.uses.get(name) === role)
      .map((name) => {
        const { shape } = held(name);
        const own = name === flipped ? [...shape].reverse() : shape;
        return { name, shape: own, initial: initialOf(name, own) };
      });
  const [parameters, buffers] = [parametersOf("parameter"), parametersOf("statistic")];

  function forward(x: Node, parameter: Lookup, mode: Mode = "eval") {
    const samples = x.shape[0]!;
    if (only && samples !== only.samples) {
      const expected = `a batch of ${only.samples}, which the file fixes`;
      throw new OnnxImportError({ file, expected, actual: `${samples}`, remedy: `export with ${OPEN_BATCH}` });
    }
    const traced = graph.trace(form.adapt(x), {
      samples,
      training: mode === "train",
      parameter: (name) => (name === flipped ? swapLast(parameter(name)) : parameter(name)),
    });
    const { logits, head: last } = ending(graph, traced);
    return { logits, features: flat(last.input), batchStatistics: traced.statistics };
  }

  const model: Model = {
    id: `onnx:${file.replace(/^.*[\\/]/, "")}`,
    inputShape: form.inputShape,
    classes: (trace.output.logits ?? trace.output).shape[1]!,
    parameters,
    buffers,
    head: { weight: head.weight, ...(head.bias === undefined ? {} : { bias: head.bias }) },
    forward,
  };
  const weights: Weights = new Map(
    [...parameters, ...buffers].map(({ name }) => [name, heldWeight(held(name), name === flipped)]),
  );
  return {
    model,
    weights,
    warnings: warningsOf(graph, form, survey, flipped),
    transposed: new Set(flipped === undefined ? [] : [flipped]),
  };
}

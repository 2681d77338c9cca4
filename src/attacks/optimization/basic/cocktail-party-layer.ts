// The fully connected layers of a model, found in its traced graph, and what each reads: the images themselves, or what layers before it made
// of them.
import { createGraph, type Node } from "../../../engine/index.js";
import { type Lookup, type Model, parameterInputs } from "../../../models/define.js";

export interface ConnectedLayer {
  /** Its name, without `.weight`. */
  readonly name: string;
  readonly weight: string;
  readonly bias?: string;
  /** [outputs, inputs] as the weight is stored; [inputs, outputs] where `transposed`. */
  readonly transposed: boolean;
  readonly outputs: number;
  readonly inputs: number;
  readonly reads: "images" | "embeddings";
}

/** Two, so that a layer that is applied to every token of one image is not taken for one that is applied to images. */
const BATCH = 2;

/** In the order in which the model lists them; layers that read tokens are not among them. */
export function connectedLayers(model: Model): ConnectedLayer[] {
  const graph = createGraph();
  const x = graph.input("images", [BATCH, ...model.inputShape]);
  const { logits } = model.forward(x, parameterInputs(graph, model));
  const products = new Map<string, Node>();
  for (const node of reached(logits)) {
    if (node.op === "matmul" && node.inputs[1]!.op === "input" && node.inputs[0]!.shape[0] === BATCH) {
      products.set(String(node.inputs[1]!.attributes.name), node);
    }
  }
  const names = new Set(model.parameters.map(({ name }) => name));
  return model.parameters.flatMap(({ name: weight, shape }) => {
    const product = products.get(`parameter:${weight}`);
    if (!product || shape.length !== 2) return [];
    const name = weight.replace(/\.weight$/, "");
    const transposed = product.attributes.b !== 1;
    const [outputs, inputs] = (transposed ? [shape[1], shape[0]] : shape) as [number, number];
    const reads = unshaped(product.inputs[0]!) === x ? ("images" as const) : ("embeddings" as const);
    const bias = weight === model.head.weight ? model.head.bias : `${name}.bias`;
    const held = bias !== undefined && names.has(bias) ? { bias } : {};
    return [{ name, weight, ...held, transposed, outputs, inputs, reads }];
  });
}

/** What `layer` reads of images `x` [N, C, H, W]: [N, inputs]. Throws RangeError where it is not in the traced model. */
export function traceReadings(model: Model, layer: ConnectedLayer, x: Node, parameter: Lookup): Node {
  const { logits } = model.forward(x, parameter);
  const weight = parameter(layer.weight);
  const product = reached(logits).find(({ op, inputs }) => op === "matmul" && inputs[1] === weight);
  if (!product) throw new RangeError(`model ${model.id} does not multiply by "${layer.weight}"`);
  return product.inputs[0]!;
}

function reached(from: Node): Node[] {
  const seen = new Set<Node>([from]);
  // A set hands out what is added to it while it is walked.
  for (const { inputs } of seen) for (const input of inputs) seen.add(input);
  return [...seen];
}

const unshaped = (node: Node): Node => (node.op === "reshape" ? unshaped(node.inputs[0]!) : node);

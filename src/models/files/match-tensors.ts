// Tensors that a user brings as the parameters of a model: by name, by name without the prefixes that wrappers add,
// else by order and shape, else by shape alone where that leaves no choice. How it was done is part of the result, as
// only names are sure.
import type { Tensor } from "../../math/tensor.js";
import type { Model, Parameter } from "../define.js";
import { type Fail, failIn, listFew, listNames, quote } from "../weights-error.js";
import type { TensorFile } from "./tensor-file.js";

export interface TensorMatch {
  readonly by: "name" | "prefix" | "order" | "shape";
  /**
   * Every parameter and such buffers as the file holds, by the model's names and in its order; the numbers are the
   * file's.
   */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The file's name or position of each, by the model's name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Buffers that the file lacks. */
  readonly absent: readonly string[];
  /** The file's tensors that the model has no use for. */
  readonly left: readonly string[];
  /** All of this in one sentence for the user. */
  readonly report: string;
}

/** What is matched: a model of ours or an imported one. */
export type Matchable = Pick<Model, "id" | "parameters" | "buffers">;

/** What data parallelism, Lightning and torch.compile put before every name. */
const WRAPPERS = ["module.", "model.", "_orig_mod."];

/** PyTorch's count of the batches that BatchNorm has seen, which matters to no computation here. */
const BATCH_COUNT = "num_batches_tracked";
const isBatchCount = (name: string) => name === BATCH_COUNT || name.endsWith(`.${BATCH_COUNT}`);

type Sources = ReadonlyMap<string, string>;

/**
 * Finds for every parameter of `model` its tensor in a file, and for every buffer that the file holds; `path` is how
 * errors call the file. Throws WeightsError, which lists what does not fit, when a parameter has no partner or one of
 * another shape.
 */
export function matchTensors(model: Matchable, file: TensorFile, path: string): TensorMatch {
  const fail = failIn(path);
  const names = [...file.tensors.keys()];
  const named = file.named ? matchNames(model, names, fail) : undefined;
  const { by, sources } = named ?? matchOrder(model, file) ?? matchShapes(model, file, fail);
  checkShapes(model, file, sources, fail);
  const used = new Set(sources.values());
  const left = names.filter((name) => !used.has(name) && !(file.named && isBatchCount(name)));
  const absent = model.buffers.map(({ name }) => name).filter((name) => !sources.has(name));
  const tensors = new Map([...sources].map(([name, source]) => [name, file.tensors.get(source)!]));
  const report = reportOf(model, file, by, sources, absent, left);
  return { by, tensors, sources, absent, left, report };
}

type Found = { readonly by: TensorMatch["by"]; readonly sources: Sources };

const unwrapped = (name: string): string => {
  const wrapper = WRAPPERS.find((prefix) => name.startsWith(prefix));
  return wrapper ? unwrapped(name.slice(wrapper.length)) : name;
};

/** By name, else by name without wrappers; undefined where no name fits at all. */
function matchNames(model: Matchable, names: readonly string[], fail: Fail): Found | undefined {
  const exact = sourcesBy((name) => name, model, names);
  const loose = sourcesBy(unwrapped, model, names);
  const sources = exact.size >= loose.size ? exact : loose;
  const missing = model.parameters.map(({ name }) => name).filter((name) => !sources.has(name));
  if (missing.length === model.parameters.length) return undefined;
  if (missing.length > 0) {
    const known = new Set(sources.values());
    const others = names.filter((name) => !known.has(name));
    const rest = others.length > 0 ? `; it has no use for ${listNames(others)}` : "";
    fail(expectation(model), `a file without ${listNames(missing)}${rest}`, {
      remedy: "name the tensors as the model does, or bring a list of all parameters in the model's order",
    });
  }
  return { by: sources === exact ? "name" : "prefix", sources };
}

/** The file's names by the model's, both read through `read`; empty where that makes two names one. */
function sourcesBy(
  read: (name: string) => string,
  { parameters, buffers }: Matchable,
  names: readonly string[],
): Sources {
  const wanted = [...parameters, ...buffers].map(({ name }) => name);
  const byRead = new Map(names.map((name) => [read(name), name]));
  if (byRead.size < names.length || new Set(wanted.map(read)).size < wanted.length) return new Map();
  return new Map(wanted.flatMap((name) => (byRead.has(read(name)) ? [[name, byRead.get(read(name))!]] : [])));
}

type Slot = Pick<Parameter, "name" | "shape">;

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/** In the order of parameters(), or of state_dict() with or without the counts of batches, where every shape fits. */
function matchOrder(model: Matchable, file: TensorFile): Found | undefined {
  const held = [...file.tensors].filter(([name]) => !(file.named && isBatchCount(name)));
  const orders: readonly (readonly Slot[])[] = [model.parameters, stateOrder(model, false), stateOrder(model, true)];
  const order = orders.find(
    (slots) => slots.length === held.length && slots.every(({ shape }, i) => sameShape(shape, held[i]![1].shape)),
  );
  if (!order) return undefined;
  const pairs = order.map(({ name }, i) => [name, held[i]![0]] as const).filter(([name]) => !isBatchCount(name));
  return { by: "order", sources: inModelOrder(model, new Map(pairs)) };
}

/** state_dict() lists a layer's buffers right after its own parameters. */
function stateOrder({ parameters, buffers }: Matchable, counts: boolean): Slot[] {
  const layerOf = (name: string) => name.slice(0, name.lastIndexOf(".") + 1);
  const slots: Slot[] = [];
  parameters.forEach((parameter, i) => {
    slots.push(parameter);
    const layer = layerOf(parameter.name);
    if (i + 1 < parameters.length && layerOf(parameters[i + 1]!.name) === layer) return;
    const own = buffers.filter(({ name }) => layerOf(name) === layer);
    slots.push(...own);
    if (counts && own.length > 0) slots.push({ name: `${layer}${BATCH_COUNT}`, shape: [] });
  });
  return slots;
}

/** Where every parameter's shape is its own and one tensor alone has it. */
function matchShapes(model: Matchable, file: TensorFile, fail: Fail): Found {
  const byShape = new Map<string, string[]>();
  for (const [name, { shape }] of file.tensors) byShape.set(shape.join(), [...(byShape.get(shape.join()) ?? []), name]);
  const shapes = model.parameters.map(({ shape }) => shape.join());
  const unique = new Set(shapes).size === shapes.length && shapes.every((shape) => byShape.get(shape)?.length === 1);
  if (!unique) failToMatch(model, file, fail);
  return { by: "shape", sources: new Map(model.parameters.map(({ name }, i) => [name, byShape.get(shapes[i]!)![0]!])) };
}

function failToMatch(model: Matchable, file: TensorFile, fail: Fail): never {
  const held = [...file.tensors];
  const at = model.parameters.findIndex(({ shape }, i) => !held[i] || !sameShape(shape, held[i][1].shape));
  const wanted = model.parameters[at];
  const there = held[at] ? `[${held[at][1].shape}] at position ${at}` : `nothing at position ${at}`;
  const first = wanted ? `, and in order ${there}, where ${quote(wanted.name)} is [${wanted.shape}]` : "";
  const names = file.named ? `names of other tensors (${listNames(held.map(([name]) => name))})` : "no names";
  return fail(expectation(model), `${held.length} tensors with ${names}${first}`, {
    remedy: "bring tensors of this model, under its names or as a list in its order",
  });
}

function checkShapes(model: Matchable, file: TensorFile, sources: Sources, fail: Fail): void {
  const odd = [...model.parameters, ...model.buffers].flatMap(({ name, shape }) => {
    const held = file.tensors.get(sources.get(name) ?? "");
    return !sources.has(name) || (held && sameShape(held.shape, shape))
      ? []
      : [`${quote(name)} [${held?.shape}] instead of [${shape}]`];
  });
  if (odd.length > 0) {
    fail(expectation(model), `a file with ${listFew(odd)}`, { remedy: "check that the file belongs to this model" });
  }
}

const inModelOrder = ({ parameters, buffers }: Matchable, sources: Sources): Sources =>
  new Map([...parameters, ...buffers].flatMap(({ name }) => (sources.has(name) ? [[name, sources.get(name)!]] : [])));

const expectation = ({ id, parameters }: Matchable) => `the ${parameters.length} parameters of ${id}`;

function reportOf(
  model: Matchable,
  file: TensorFile,
  by: TensorMatch["by"],
  sources: Sources,
  absent: readonly string[],
  left: readonly string[],
): string {
  const why = file.named ? "as its names are others" : "as it has no names";
  const [wrapped] = [...sources].filter(([name, source]) => name !== source);
  const how = {
    name: "by name",
    prefix: `by name but for prefixes of wrappers (${wrapped?.map(quote).join(" is ")})`,
    order: `by order and shape, ${why}`,
    shape: `by shape, ${why}`,
  }[by];
  const buffers = sources.size - model.parameters.length;
  const parts = [
    `${model.parameters.length} parameters${buffers > 0 ? ` and ${buffers} buffers` : ""} of ${model.id} matched ${how}`,
  ];
  if (absent.length > 0) parts.push(`without the buffers ${listNames(absent)}`);
  if (left.length > 0) parts.push(`left over: ${listNames(left)}`);
  if (file.passedOver.length > 0) parts.push(`passed over, as they are no tensors: ${listNames(file.passedOver)}`);
  return parts.join("; ");
}

// What every backend promises: results, precisions, ownership, overlap, errors. Plain functions that throw, since they run in browsers, too.
import { type Backend, BackendError, type Feed, MissingKernelError } from "../src/engine/backends/backend.js";
import { add, createGraph, emit, grad, matmul, type Node, reshape, square, sum, tanh } from "../src/engine/index.js";
import { writeOnnx } from "../src/engine/onnx/write.js";
import { type DType, type FloatArray, sizeOf, tensor } from "../src/math/tensor.js";
import { draw } from "./draw.js";
import { checkKernels } from "./kernel-promises.js";

/** One promise; `check` rejects with what was broken. */
export interface BackendPromise {
  readonly name: string;
  check(): Promise<void>;
}

/** A graph that the backend has no kernel for unless it is lowered, and the ONNX operator that it lacks. */
export interface MissingKernel {
  readonly dtype: DType;
  readonly operator: string;
  readonly build: () => Node;
}

const SIZE = 6;

function must(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`broken: ${promise}`);
}

/** What the promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  const reason = await promise.then(
    () => new Error("nothing: it was fulfilled"),
    (error: Error) => error,
  );
  must(reason instanceof BackendError, `a BackendError, got ${reason.name}: ${reason.message}`);
  return reason;
}

async function mustReject(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  const { message } = await rejection(promise);
  must(pattern.test(message), `a message like ${pattern}, got "${message}"`);
}

/** total = Σ tanh(x + bias + 1)², with its gradient; `bias` is an initialiser. */
function sampleModel(dtype: DType, bias: Float64Array): Uint8Array {
  const graph = createGraph();
  const x = graph.input("x", [2, SIZE / 2]);
  const y = tanh(add(add(x, graph.input("bias", x.shape)), 1));
  const total = sum(square(y));
  const outputs = { y, total, slope: grad(total, [x])[0]! };
  return emit(outputs, { dtype, bind: { bias: tensor(x.shape, bias) } }).bytes;
}

function sampleResults(x: FloatArray, bias: Float64Array) {
  const y = Float64Array.from(x, (value, i) => Math.tanh(value + bias[i]! + 1));
  return { y, total: [y.reduce((all, value) => all + value * value, 0)], slope: y.map((v) => 2 * v * (1 - v * v)) };
}

const arrayOf = (dtype: DType, values: ArrayLike<number>): FloatArray =>
  dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);

const feedOf = (dtype: DType, seed: number): { x: Feed } => ({
  x: { shape: [2, SIZE / 2], data: arrayOf(dtype, draw(seed, SIZE)) },
});

function mustBeClose(
  results: Record<string, FloatArray>,
  expected: Record<string, ArrayLike<number>>,
  dtype: DType,
): void {
  const names = Object.keys(results).sort().join();
  must(names === Object.keys(expected).sort().join(), `outputs ${Object.keys(expected)}, got ${names}`);
  for (const [name, values] of Object.entries(results)) {
    const wanted = expected[name]!;
    must(values instanceof (dtype === "float32" ? Float32Array : Float64Array), `${name} in ${dtype}`);
    must(values.length === wanted.length, `${wanted.length} numbers of ${name}, got ${values.length}`);
    const limit = dtype === "float32" ? 1e-5 : 1e-12;
    const error = Array.from(values).reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
    must(error < limit, `${name} within ${limit}, off by ${error}`);
  }
}

const equal = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));

function promisesIn(backend: Backend, dtype: DType): Record<string, () => Promise<void>> {
  const bias = draw(1, SIZE);
  const load = (values = bias) => backend.load(sampleModel(dtype, values), dtype);
  return {
    "evaluates several outputs, scalars too, from feeds and initialisers": async () => {
      const session = await load();
      const feed = feedOf(dtype, 2);
      mustBeClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    },

    "convolves, pools and compares as a loop does, whatever the channels and groups": () =>
      checkKernels(backend, dtype),

    "leaves the caller's model and feeds as they were": async () => {
      const bytes = sampleModel(dtype, bias);
      const feed = feedOf(dtype, 3);
      const [bytesBefore, feedBefore] = [bytes.slice(), feed.x.data.slice()];
      const session = await backend.load(bytes, dtype);
      await session.run(feed);
      must(equal(bytes, bytesBefore), "the model's bytes stay");
      must(equal(feed.x.data, feedBefore), "the feed stays");
      bytes.fill(0);
      mustBeClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    },

    "gives results away: later runs, writes to them and dispose change no others": async () => {
      const session = await load();
      const [first, second] = [feedOf(dtype, 4), feedOf(dtype, 5)];
      const kept = await session.run(first);
      const overwritten = await session.run(first);
      for (const values of Object.values(overwritten)) values.fill(0);
      const other = await session.run(second);
      await session.dispose();
      mustBeClose(kept, sampleResults(first.x.data, bias), dtype);
      mustBeClose(other, sampleResults(second.x.data, bias), dtype);
    },

    "keeps overlapping runs apart": async () => {
      const session = await load();
      const feeds = Array.from({ length: 16 }, (_, i) => feedOf(dtype, 10 + i));
      const results = await Promise.all(feeds.map((feed) => session.run(feed)));
      results.forEach((result, i) => {
        mustBeClose(result, sampleResults(feeds[i]!.x.data, bias), dtype);
      });
      await session.dispose();
    },

    "keeps sessions apart, whichever is disposed of first": async () => {
      const biases = [draw(30, SIZE), draw(31, SIZE)];
      const [a, b] = await Promise.all(biases.map(load));
      const feed = feedOf(dtype, 32);
      const [fromA, fromB] = await Promise.all([a!.run(feed), b!.run(feed)]);
      await a!.dispose();
      const again = await b!.run(feed);
      await b!.dispose();
      mustBeClose(fromA, sampleResults(feed.x.data, biases[0]!), dtype);
      mustBeClose(fromB, sampleResults(feed.x.data, biases[1]!), dtype);
      mustBeClose(again, sampleResults(feed.x.data, biases[1]!), dtype);
    },

    "carries tensors of four million numbers in and out": async () => {
      const shape = [2, 2048, 1024];
      const graph = createGraph();
      const session = await backend.load(emit({ y: add(graph.input("x", shape), 1) }, { dtype }).bytes, dtype);
      const data = arrayOf(dtype, { length: sizeOf(shape) }).map((_, i) => i % 4096);
      const { y } = await session.run({ x: { shape, data } });
      await session.dispose();
      must(y!.length === data.length && y!.every((value, i) => value === data[i]! + 1), "every number comes back");
    },

    "multiplies matrices large enough for every thread": async () => {
      const n = 192;
      const graph = createGraph();
      const [a, b] = [graph.input("a", [n, n]), graph.input("b", [n, n])];
      const session = await backend.load(emit({ c: reshape(matmul(a, b), [n * n]) }, { dtype }).bytes, dtype);
      // Small whole numbers: every sum is exact in both precisions.
      const [left, right] = [draw(40, n * n, 8), draw(41, n * n, 8)].map((values) => values.map(Math.round));
      const feed = (data: Float64Array) => ({ shape: [n, n], data: arrayOf(dtype, data) });
      const { c } = await session.run({ a: feed(left!), b: feed(right!) });
      await session.dispose();
      const exact = (row: number, column: number) =>
        Array.from({ length: n }, (_, k) => left![row * n + k]! * right![k * n + column]!).reduce((s, t) => s + t, 0);
      must(
        c!.every((value, i) => value === exact(Math.floor(i / n), i % n)),
        "every sum is exact",
      );
    },

    "waits for runs under way before it frees, refuses later ones, and is freed once": async () => {
      const session = await load();
      const feed = feedOf(dtype, 50);
      const underWay = [session.run(feed), session.run(feed)];
      await Promise.all([session.dispose(), session.dispose()]);
      for (const result of await Promise.all(underWay)) mustBeClose(result, sampleResults(feed.x.data, bias), dtype);
      await mustReject(session.run(feed), /session was disposed of/);
      await session.dispose();
    },

    "names a missing and an ill-shaped feed, and stays usable": async () => {
      const session = await load();
      await mustReject(session.run({}), new RegExp(`${backend.name}.*'x'`));
      const wide = { x: { shape: [1, SIZE], data: arrayOf(dtype, draw(60, SIZE)) } };
      await mustReject(session.run(wide), /dimensions for input: x/);
      const feed = feedOf(dtype, 61);
      mustBeClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    },

    "refuses what is no model": () =>
      mustReject(
        backend.load(Uint8Array.of(1, 2, 3), dtype),
        new RegExp(`^${backend.name} cannot load the ${dtype} model`),
      ),
  };
}

async function mustNameKernel(backend: Backend, { dtype, operator, build }: MissingKernel): Promise<void> {
  const node = build();
  const error = await rejection(backend.load(writeOnnx({ y: node }, dtype).bytes, dtype));
  must(error instanceof MissingKernelError, `a MissingKernelError, got "${error.message}"`);
  must(error.operator === operator, `operator ${operator}, got ${error.operator}`);
  const start = `${backend.name} has no ${dtype} kernel for ${operator} (node "${node.op}:${node.id}/`;
  must(error.message.startsWith(start), `a message that begins with ${start}, got "${error.message}"`);
  must(error.node.startsWith(`${node.op}:${node.id}/`), `node ${node.op}:${node.id}, got ${error.node}`);
}

/** All promises of a backend, in each of its precisions. */
export function backendPromises(backend: Backend, missing?: MissingKernel): BackendPromise[] {
  const kept = backend.dtypes.flatMap((dtype) =>
    Object.entries(promisesIn(backend, dtype)).map(([name, check]) => ({ name: `${dtype}: ${name}`, check })),
  );
  if (!missing) return kept;
  return [
    ...kept,
    { name: "names operator and node where it has no kernel", check: () => mustNameKernel(backend, missing) },
  ];
}

// What every backend promises, as tests: results, precisions, ownership, overlap, errors. A backend's own test file calls `testBackend`.
import { describe, expect, it } from "vitest";
import { type Backend, BackendError, type Feed, MissingKernelError } from "../src/engine/backends/backend.js";
import { add, createGraph, emit, grad, matmul, type Node, reshape, square, sum, tanh } from "../src/engine/index.js";
import { writeOnnx } from "../src/engine/onnx/write.js";
import { type DType, type FloatArray, sizeOf, tensor } from "../src/math/tensor.js";
import { draw } from "./engine-fixture.js";

export interface BackendSuiteOptions {
  /** A graph that the backend has no kernel for unless it is lowered, and the ONNX operator that it lacks. */
  readonly missing?: { readonly dtype: DType; readonly operator: string; readonly build: () => Node };
}

const SIZE = 6;

/** total = Σ tanh(x + bias + 1)², with its gradient; `bias` is an initialiser. */
function sampleModel(dtype: DType, bias: Float64Array) {
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

function expectClose(results: Record<string, FloatArray>, expected: Record<string, ArrayLike<number>>, dtype: DType) {
  expect(Object.keys(results).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(results)) {
    expect(values, name).toBeInstanceOf(dtype === "float32" ? Float32Array : Float64Array);
    expect(values.length, name).toBe(expected[name]!.length);
    const largest = Array.from(values).reduce((most, v, i) => Math.max(most, Math.abs(v - expected[name]![i]!)), 0);
    expect(largest, name).toBeLessThan(dtype === "float32" ? 1e-5 : 1e-12);
  }
}

/** Registers the suite for `backend`. */
export function testBackend(backend: Backend, { missing }: BackendSuiteOptions = {}): void {
  describe.each(backend.dtypes)(`backend ${backend.name} in %s`, (dtype) => {
    const bias = draw(1, SIZE);

    it("evaluates several outputs, scalars too, from feeds and initialisers", async () => {
      const session = await backend.load(sampleModel(dtype, bias), dtype);
      const feed = feedOf(dtype, 2);
      expectClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    });

    it("leaves the caller's model and feeds as they were", async () => {
      const bytes = sampleModel(dtype, bias);
      const feed = feedOf(dtype, 3);
      const [bytesBefore, feedBefore] = [bytes.slice(), feed.x.data.slice()];
      const session = await backend.load(bytes, dtype);
      await session.run(feed);
      expect([bytes, feed.x.data]).toEqual([bytesBefore, feedBefore]);
      bytes.fill(0);
      expectClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    });

    it("gives results away: later runs, writes to them and dispose change no others", async () => {
      const session = await backend.load(sampleModel(dtype, bias), dtype);
      const [first, second] = [feedOf(dtype, 4), feedOf(dtype, 5)];
      const kept = await session.run(first);
      const overwritten = await session.run(first);
      for (const values of Object.values(overwritten)) values.fill(0);
      const other = await session.run(second);
      await session.dispose();
      expectClose(kept, sampleResults(first.x.data, bias), dtype);
      expectClose(other, sampleResults(second.x.data, bias), dtype);
    });

    it("keeps overlapping runs apart", async () => {
      const session = await backend.load(sampleModel(dtype, bias), dtype);
      const feeds = Array.from({ length: 16 }, (_, i) => feedOf(dtype, 10 + i));
      const results = await Promise.all(feeds.map((feed) => session.run(feed)));
      results.forEach((result, i) => {
        expectClose(result, sampleResults(feeds[i]!.x.data, bias), dtype);
      });
      await session.dispose();
    });

    it("keeps sessions apart, whichever is disposed of first", async () => {
      const biases = [draw(30, SIZE), draw(31, SIZE)];
      const [a, b] = await Promise.all(biases.map((each) => backend.load(sampleModel(dtype, each), dtype)));
      const feed = feedOf(dtype, 32);
      const [fromA, fromB] = await Promise.all([a!.run(feed), b!.run(feed)]);
      await a!.dispose();
      const again = await b!.run(feed);
      await b!.dispose();
      expectClose(fromA, sampleResults(feed.x.data, biases[0]!), dtype);
      expectClose(fromB, sampleResults(feed.x.data, biases[1]!), dtype);
      expectClose(again, sampleResults(feed.x.data, biases[1]!), dtype);
    });

    it("carries tensors of four million numbers in and out", async () => {
      const shape = [2, 2048, 1024];
      const graph = createGraph();
      const session = await backend.load(emit({ y: add(graph.input("x", shape), 1) }, { dtype }).bytes, dtype);
      const data = arrayOf(dtype, { length: sizeOf(shape) }).map((_, i) => i % 4096);
      const { y } = await session.run({ x: { shape, data } });
      await session.dispose();
      expect(y!.length).toBe(data.length);
      expect(y!.every((value, i) => value === data[i]! + 1)).toBe(true);
    });

    it("multiplies matrices large enough for every thread", async () => {
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
      expect(c!.every((value, i) => value === exact(Math.floor(i / n), i % n))).toBe(true);
    });

    it("waits for runs under way before it frees, refuses later ones, and is freed once", async () => {
      const session = await backend.load(sampleModel(dtype, bias), dtype);
      const feed = feedOf(dtype, 50);
      const underWay = [session.run(feed), session.run(feed)];
      await Promise.all([session.dispose(), session.dispose()]);
      for (const result of await Promise.all(underWay)) expectClose(result, sampleResults(feed.x.data, bias), dtype);
      await expect(session.run(feed)).rejects.toThrow(BackendError);
      await expect(session.run(feed)).rejects.toThrow(/session was disposed of/);
      await session.dispose();
    });

    it("names a missing and an ill-shaped feed, and stays usable", async () => {
      const session = await backend.load(sampleModel(dtype, bias), dtype);
      await expect(session.run({})).rejects.toThrow(BackendError);
      await expect(session.run({})).rejects.toThrow(new RegExp(`${backend.name}.*'x'`));
      const wide = { x: { shape: [1, SIZE], data: arrayOf(dtype, draw(60, SIZE)) } };
      await expect(session.run(wide)).rejects.toThrow(/dimensions for input: x/);
      const feed = feedOf(dtype, 61);
      expectClose(await session.run(feed), sampleResults(feed.x.data, bias), dtype);
      await session.dispose();
    });

    it("refuses what is no model", async () => {
      const nonsense = backend.load(Uint8Array.of(1, 2, 3), dtype);
      await expect(nonsense).rejects.toThrow(BackendError);
      await expect(nonsense).rejects.toThrow(`${backend.name} cannot load the ${dtype} model`);
    });
  });

  it.runIf(missing)(`backend ${backend.name} names operator and node where it has no kernel`, async () => {
    const { dtype, operator, build } = missing!;
    const node = build();
    const error = await backend.load(writeOnnx({ y: node }, dtype).bytes, dtype).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingKernelError);
    expect(error).toMatchObject({ operator, node: expect.stringContaining(`${node.op}:${node.id}`) });
    expect((error as Error).message).toMatch(
      new RegExp(`^${backend.name} has no ${dtype} kernel for ${operator} \\(node "${node.op}:${node.id}/`),
    );
  });
}

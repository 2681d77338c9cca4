// Files that are wrong: each gives an OnnxImportError that names the file, the place and what to do; none crashes, hangs or fills the memory.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { good, hostileOnnx, whole, withWeight } from "../../../test/hostile/onnx.js";
import { type NodeSpec, onnxFile } from "../../../test/onnx-file.js";
import { tensor } from "../../math/tensor.js";
import { createGraph } from "../graph.js";
import { importOnnx, OnnxImportError } from "./import.js";
import { TensorProto_DataType as DataType, type TensorProto } from "./onnx_pb.js";

/** Imports and traces at batch 2. */
function use(bytes: Uint8Array, shape: readonly number[] = [2, 4]) {
  const graph = createGraph();
  return importOnnx(bytes, "bad.onnx").trace(graph.input("x", shape), {
    samples: shape[0]!,
    parameter: (_, { shape: own, data }) => graph.constant(tensor(own, data)),
  });
}

describe("a file that is wrong", () => {
  it.each(Object.entries(hostileOnnx))("%s is refused with its place", (_, [file, ...parts]) => {
    const bytes = file();
    const start = performance.now();
    expect(() => use(bytes)).toThrow(OnnxImportError);
    expect(performance.now() - start).toBeLessThan(2000);
    for (const part of ["bad.onnx", ...parts]) expect(() => use(bytes)).toThrow(part);
  });

  it("is read in a moment where it is only deep", () => {
    const steps = Array.from({ length: 20_000 }, (_, i): NodeSpec => ["Abs", [i === 0 ? "x" : `v${i}`], [`v${i + 1}`]]);
    expect(use(onnxFile({ ...good, nodes: steps, outputs: ["v20000"] })).output.shape).toEqual([2, 4]);
  });

  it("is no worse than its valid twin, which is imported", () => {
    expect(use(whole).output.shape).toEqual([2, 3]);
  });

  const exported = new Uint8Array(
    readFileSync(new URL("../../../test/fixtures/onnx-models/cnn-bn-folded.onnx", import.meta.url)),
  );

  it("is refused wherever it ends", () => {
    for (let length = 0; length < exported.length; length += 7) {
      expect(() => use(exported.subarray(0, length), [2, 3, 16, 16]), `${length} bytes`).toThrow(OnnxImportError);
    }
  });

  it("is refused or imported whichever bytes are damaged", () => {
    const damage = fc.array(fc.tuple(fc.nat(exported.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(damage, (changes) => {
      const bytes = exported.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        use(bytes, [1, 3, 16, 16]);
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxImportError);
      }
    });
    fc.assert(property, { numRuns: 400 });
  });
});

describe("an initialiser", () => {
  const values = [0.5, -2, 0, 3];
  const types: Readonly<Record<string, Partial<TensorProto>>> = {
    "float32 as raw data": { dataType: DataType.FLOAT, rawData: new Uint8Array(Float32Array.from(values).buffer) },
    "float32 as floats": { dataType: DataType.FLOAT, rawData: new Uint8Array(), floatData: values },
    "float64 as raw data": { dataType: DataType.DOUBLE, rawData: new Uint8Array(Float64Array.from(values).buffer) },
    "float64 as doubles": { dataType: DataType.DOUBLE, rawData: new Uint8Array(), doubleData: values },
    "float16 as raw data": {
      dataType: DataType.FLOAT16,
      rawData: new Uint8Array(Uint16Array.of(0x3800, 0xc000, 0, 0x4200).buffer),
    },
    "float16 as integers": {
      dataType: DataType.FLOAT16,
      rawData: new Uint8Array(),
      int32Data: [0x3800, 0xc000, 0, 0x4200],
    },
    "bfloat16 as raw data": {
      dataType: DataType.BFLOAT16,
      rawData: new Uint8Array(Uint16Array.of(0x3f00, 0xc000, 0, 0x4040).buffer),
    },
  };

  it.each(Object.entries(types))("is read from %s, wherever it lies in the file", (_, changes) => {
    const imported = importOnnx(withWeight({ dims: [2n, 2n], ...changes }), "w.onnx");
    expect(Array.from(imported.initialisers.get("w")!.data)).toEqual(values);
    expect(imported.initialisers.get("w")!.shape).toEqual([2, 2]);
  });

  it("is read from a Buffer at any offset, as Node reads files", () => {
    const bytes = withWeight({ dims: [2n, 2n], rawData: new Uint8Array(Float32Array.from(values).buffer) });
    for (let offset = 0; offset < 4; offset++) {
      const buffer = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(8)]).subarray(
        offset,
        offset + bytes.length,
      );
      expect(Array.from(importOnnx(buffer, "w.onnx").initialisers.get("w")!.data)).toEqual(values);
    }
  });

  it("of half precision may be tiny, infinite or no number", () => {
    const rawData = new Uint8Array(Uint16Array.of(0x0001, 0x8001, 0x7c00, 0x7e00).buffer);
    const imported = importOnnx(withWeight({ dims: [4n], dataType: DataType.FLOAT16, rawData }), "w.onnx");
    expect(Array.from(imported.initialisers.get("w")!.data)).toEqual([2 ** -24, -(2 ** -24), Infinity, Number.NaN]);
  });
});

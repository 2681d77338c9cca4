import fc from "fast-check";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { readNpy, writeNpy } from "./npy.js";
import { writeNpz } from "./npz.js";
import { readTensorBytes } from "./read-tensor-bytes.js";
import { spanOf, toDense } from "./strided.js";

const held = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.boolean(), fc.infiniteStream(fc.double()))
  .map(([shape, double, stream]): Tensor => {
    const numbers = Array.from({ length: sizeOf(shape) }, () => stream.next().value);
    return tensor(shape, double ? Float64Array.from(numbers) : Float32Array.from(numbers));
  });

describe("npy", () => {
  it("returns what was written, bit for bit, from a file at any position of its buffer", () => {
    fc.assert(
      fc.property(held, fc.integer({ min: 0, max: 9 }), (expected, offset) => {
        const file = writeNpy(expected);
        const shifted = new Uint8Array(file.length + offset).subarray(offset);
        shifted.set(file);
        expect(readNpy(shifted, "a.npy")).toEqual(expected);
      }),
    );
  });

  it("writes numpy.save's own bytes", () => {
    const file = writeNpy(tensor([2], Float32Array.of(1, -2)));
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".padEnd(117);
    expect(file).toEqual(
      Uint8Array.of(147, 78, 85, 77, 80, 89, 1, 0, 118, 0, ...Buffer.from(`${header}\n`), 0, 0, 128, 63, 0, 0, 0, 192),
    );
    expect(() => writeNpy({ shape: [3], data: new Float32Array(2) })).toThrow(RangeError);
  });
});

describe("npz", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => !/^(arr_)?\d+$/.test(name));

  it("returns tensors by name, and lists in their order, from the same bytes on any day", () => {
    fc.assert(
      fc.property(fc.dictionary(names, held, { minKeys: 1 }), (tensors) => {
        const map = new Map(Object.entries(tensors));
        const file = readTensorBytes(writeNpz(map), "a.npz");
        expect(file).toEqual({ format: "npz", named: true, tensors: map, passedOver: [] });
        expect([...file.tensors.keys()]).toEqual([...map.keys()]);
      }),
    );
    fc.assert(
      fc.property(fc.array(held, { minLength: 1, maxLength: 12 }), (list) => {
        const file = readTensorBytes(writeNpz(list), "a.npz");
        expect([file.named, [...file.tensors.values()]]).toEqual([false, [...list]]);
      }),
    );
  });

  it("is a zip archive to others, too", () => {
    const list = [tensor([1], Float32Array.of(1)), tensor([], Float64Array.of(2))];
    expect(unzipSync(writeNpz(list))).toEqual({ "arr_0.npy": writeNpy(list[0]!), "arr_1.npy": writeNpy(list[1]!) });
  });
});

describe("views", () => {
  it("reads every element where its strides say", () => {
    const axes = fc.array(fc.record({ extent: fc.integer({ min: 0, max: 4 }), stride: fc.nat(7) }), { maxLength: 4 });
    fc.assert(
      fc.property(axes, (view) => {
        const shape = view.map(({ extent }) => extent);
        const strides = view.map(({ stride }) => stride);
        const data = Float64Array.from({ length: spanOf(shape, strides) }, (_, i) => i);
        const expected = view.reduce(
          (places, { extent, stride }) =>
            places.flatMap((at) => Array.from({ length: extent }, (_, i) => at + i * stride)),
          [0],
        );
        expect([...toDense(data, shape, strides)]).toEqual(expected);
        expect(spanOf(shape, strides)).toBe(expected.length === 0 ? 0 : Math.max(...expected) + 1);
      }),
    );
  });
});

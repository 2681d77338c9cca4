import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../math/tensor.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { WeightsError } from "./weights-error.js";

/** A file of this header, whatever it says, and this many bytes of data. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const read = (bytes: Uint8Array) => readSafetensors(bytes, "w.safetensors");
const entry = (shape: unknown, offsets: unknown, dtype: unknown = "F32") => ({ dtype, shape, data_offsets: offsets });

const tensors = fc.dictionary(
  fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
  fc
    .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.boolean(), fc.double())
    .map(([shape, double, value]): Tensor => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return tensor(shape, new (double ? Float64Array : Float32Array)(size).fill(value));
    }),
);

describe("safetensors", () => {
  it("returns what was written, bit for bit, from a file at any position of its buffer", () => {
    fc.assert(
      fc.property(tensors, fc.integer({ min: 0, max: 9 }), (held, offset) => {
        const expected = new Map(Object.entries(held));
        const file = writeSafetensors(expected);
        const shifted = new Uint8Array(file.length + offset).subarray(offset);
        shifted.set(file);
        expect(read(shifted)).toEqual(expected);
        expect(writeSafetensors(new Map([...expected].reverse()))).toEqual(file);
      }),
    );
  });

  it("writes the layout of the format: length, padded JSON, data", () => {
    const file = writeSafetensors(new Map([["a", tensor([2], Float32Array.of(1, -2))]]));
    const header = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
    expect(file).toEqual(Uint8Array.of(56, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(header), 0, 0, 128, 63, 0, 0, 0, 192));
    expect([...read(file)]).toEqual([["a", tensor([2], Float32Array.of(1, -2))]]);
  });

  it("copies: a later change of the file's bytes changes nothing", () => {
    const file = Buffer.from(writeSafetensors(new Map([["a", tensor([1], Float32Array.of(3))]])));
    const held = read(file).get("a")!;
    file.fill(0);
    expect(held.data[0]).toBe(3);
  });

  it.each([
    [
      "F16",
      [0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0x8000],
      [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, Infinity, -0],
    ],
    ["BF16", [0x3f80, 0xc000, 0x0001, 0x7f80, 0x8000], [1, -2, 2 ** -133, Infinity, -0]],
  ])("widens %s", (dtype, bits, expected) => {
    const file = fileOf({ a: entry([bits.length], [0, 2 * bits.length], dtype) }, 2 * bits.length);
    file.set(new Uint8Array(Uint16Array.from(bits).buffer), file.length - 2 * bits.length);
    expect(read(file).get("a")!.data).toEqual(Float32Array.from(expected));
  });

  it("allows metadata, scalars, empty tensors and no tensors", () => {
    const header = { __metadata__: { format: "pt" }, none: entry([0, 9], [0, 0]), one: entry([], [0, 4]) };
    expect([...read(fileOf(header, 4))]).toEqual([
      ["none", tensor([0, 9], new Float32Array())],
      ["one", tensor([], Float32Array.of(0))],
    ]);
    expect(read(fileOf({})).size).toBe(0);
  });

  const forgedLength = (length: bigint) => {
    const file = fileOf({});
    new DataView(file.buffer).setBigUint64(0, length, true);
    return file;
  };
  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "byte 0: expected 8 bytes of header length, found a file of 0 bytes"],
    ["a header past the end", forgedLength(3n), "byte 0: expected a header of 3 bytes, found 2 bytes after its length"],
    [
      "a huge header",
      forgedLength(2n ** 64n - 1n),
      "byte 0: expected a header of at most 100000000 bytes, found 184467440",
    ],
    ["no JSON", fileOf("{a"), "byte 8: expected a header in JSON, found "],
    ["broken UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28), "byte 8: expected a header in JSON"],
    ["no object", fileOf("[]"), "byte 8: expected a JSON object, found []"],
    ["a repeated name", fileOf('{"a\\"":{}, "a\\u0022" : {}}'), 'byte 8: expected every name once, found "a\\"" twice'],
    ["a repeated field", fileOf('{"a":{"shape":[1],"shape":[2]}}'), 'expected every name once, found "shape" twice'],
    ["no entry", fileOf({ a: 3 }), 'tensor "a": expected an object with dtype, shape and data_offsets, found 3'],
    [
      "an unknown type",
      fileOf({ a: entry([1], [0, 8], "C64") }, 8),
      'an element type of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, found "C64"',
    ],
    ["an inherited type", fileOf({ a: entry([1], [0, 8], "toString") }, 8), 'BOOL, found "toString"'],
    ["a negative extent", fileOf({ a: entry([-1], [0, 4]) }, 4), "a shape of whole numbers from 0 to 2^53, found [-1]"],
    ["a fraction", fileOf({ a: entry([1.5], [0, 6]) }, 6), "a shape of whole numbers from 0 to 2^53, found [1.5]"],
    [
      "a huge extent",
      fileOf({ a: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4),
      "bytes for F32 of shape [1099511627776,109951",
    ],
    ["an infinite extent", fileOf('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4), "found [null]"],
    ["one offset", fileOf({ a: entry([1], [0]) }, 4), "data_offsets [begin, end], found [0]"],
    ["offsets backwards", fileOf({ a: entry([1], [4, 0]) }, 4), "data_offsets [begin, end], found [4,0]"],
    ["data past the end", fileOf({ a: entry([2], [0, 8]) }, 4), "data_offsets within 4 bytes of data, found [0,8]"],
    ["too few bytes", fileOf({ a: entry([2], [0, 4]) }, 4), "8 bytes for F32 of shape [2], found 4 bytes"],
    [
      "misaligned data",
      fileOf({ h: entry([1], [0, 2], "F16"), a: entry([1], [2, 6]) }, 6),
      "a multiple of 4 bytes, found offset 2",
    ],
    ["overlap", fileOf({ a: entry([1], [0, 4]), b: entry([1], [0, 4]) }, 4), "which overlaps another tensor"],
    ["a hole", fileOf({ a: entry([1], [4, 8]) }, 8), "which leaves bytes that belong to no tensor"],
    ["a tail", fileOf({ a: entry([1], [0, 4]) }, 9), "expected the end of the file, found 5 bytes more"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(WeightsError);
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(/^w\.safetensors/);
  });

  it("answers any damage with a WeightsError or with well-formed tensors", () => {
    const good = writeSafetensors(new Map([["conv.weight", tensor([2, 3], new Float32Array(6).fill(1))]]));
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.with(at, byte)),
      fc.nat(good.length - 1).map((length) => good.subarray(0, length)),
      fc.json().map((header) => fileOf(header, 16)),
      fc
        .dictionary(
          fc.string(),
          fc.tuple(fc.anything(), fc.anything()).map(([shape, offsets]) => entry(shape, offsets)),
        )
        .map((header) =>
          fileOf(
            JSON.stringify(header, (_, value) => (typeof value === "bigint" ? null : value)),
            16,
          ),
        ),
      fc
        .array(fc.tuple(fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }), fc.nat(16), fc.nat(16)))
        .map((list) =>
          fileOf(Object.fromEntries(list.map(([shape, begin, end], i) => [i, entry(shape, [begin, end])])), 16),
        ),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          for (const { shape, data } of read(bytes).values()) expect(() => tensor(shape, data)).not.toThrow();
        } catch (error) {
          expect(error).toBeInstanceOf(WeightsError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("does not write what could not be read back", () => {
    expect(() => writeSafetensors(new Map([["__metadata__", tensor([], Float32Array.of(1))]]))).toThrow(RangeError);
    expect(() => writeSafetensors(new Map([["a", { shape: [2], data: new Float32Array(3) }]]))).toThrow(
      'tensor "a" of shape [2] holds 3 numbers, expected 2',
    );
  });
});

const RESNET = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "weights/resnet20_cifar10.safetensors");

describe.skipIf(!existsSync(RESNET))("weights/resnet20_cifar10.safetensors", () => {
  it("holds the 271,098 finite numbers that its notes count, with the names of the authors", () => {
    const held = readSafetensors(readFileSync(RESNET), RESNET);
    const numbers = [...held.values()].flatMap(({ data }) => [...data]);
    expect(numbers.length).toBe(271_098);
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(held.get("linear.weight")!.shape).toEqual([10, 64]);
    expect(held.get("bn1.running_var")!.data.every((variance) => variance >= 0)).toBe(true);
    expect(readSafetensors(writeSafetensors(held), "again")).toEqual(held);
  });
});

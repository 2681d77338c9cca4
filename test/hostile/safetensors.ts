// Broken safetensors files.
import { tensor } from "../../src/math/tensor.js";
import { writeSafetensors } from "../../src/models/safetensors.js";
import { bytesOf, cutOff, type HostileFile, type HostileFormat, patched, u64 } from "./bytes.js";

/** A file of this header, whatever it says, and this many bytes of data. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  return bytesOf(u64(header.length), header, new Uint8Array(dataBytes));
}

const entry = (shape: string, offsets: string, type = '"F32"') =>
  `{"a":{"dtype":${type},"shape":${shape},"data_offsets":${offsets}}}`;

const whole = writeSafetensors(new Map([["a", tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))]]));
const wholeHeader = 8 + whole[0]!;
const two = (second: string) =>
  `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":${second}}}`;

const headers: readonly (readonly [what: string, header: string, dataBytes: number, reason: string])[] = [
  ["no JSON", "{a", 0, "expected a header in JSON"],
  ["an open object", '{"a":', 0, "expected a header in JSON"],
  ["nothing in it", "{}", 0, "expected at least one tensor, found none"],
  ["only metadata", '{"__metadata__":{"format":"pt"}}', 0, "expected at least one tensor, found none"],
  ["a name twice", '{"a":{},"\\u0061":{}}', 0, 'found "a" twice'],
  ["no type", '{"a":{"shape":[2],"data_offsets":[0,8]}}', 8, "an element type of F64"],
  ["an unknown type", entry("[2]", "[0,8]", '"F8_E4M3"'), 8, 'found "F8_E4M3"'],
  ["complex numbers", entry("[1]", "[0,8]", '"C64"'), 8, 'found "C64"'],
  ["a prototype's name as type", entry("[2]", "[0,8]", '"__proto__"'), 8, 'found "__proto__"'],
  ["a negative extent", entry("[-2]", "[0,8]"), 8, "found [-2]"],
  ["a broken extent", entry("[0.5]", "[0,8]"), 8, "found [0.5]"],
  ["an extent of 2^60", entry(`[${2n ** 60n}]`, "[0,8]"), 8, "a shape of whole numbers from 0 to 2^53"],
  ["extents that overflow", entry("[4503599627370496,4503599627370496]", "[0,8]"), 8, "bytes for F32 of shape"],
  ["extents beyond all numbers", entry(`[${"9007199254740991,".repeat(40)}0]`, "[0,0]"), 0, "bytes for F32 of shape"],
  ["a shape in text", entry('"2"', "[0,8]"), 8, 'found "2"'],
  ["offsets past the end", entry("[4]", "[0,16]"), 8, "data_offsets within 8 bytes of data, found [0,16]"],
  ["offsets backwards", entry("[2]", "[8,0]"), 8, "expected data_offsets [begin, end], found [8,0]"],
  ["huge offsets", entry("[2]", "[9007199254740983,9007199254740991]"), 8, "data_offsets within 8 bytes of data"],
  ["fewer bytes than its shape", entry("[3]", "[0,8]"), 8, "expected 12 bytes for F32 of shape [3], found 8 bytes"],
  ["tensors that overlap", two("[4,12]"), 12, "which overlaps another tensor"],
  ["a hole", two("[12,20]"), 20, "which leaves bytes that belong to no tensor"],
  ["data that no tensor has", two("[8,16]"), 99, "expected the end of the file, found 83 bytes more"],
  ["deep nesting", `{"a":${"[".repeat(50_000)}`, 0, "expected a header in JSON"],
  [
    "a deep entry",
    `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    0,
    "expected an object with dtype, shape and data_offsets",
  ],
];

const hostile: HostileFile[] = [
  ...headers.map(
    ([what, header, dataBytes, reason]): HostileFile => [`with ${what}`, fileOf(header, dataBytes), reason],
  ),
  ...cutOff(whole, [
    ["in the length", 5, "found a file that begins with"],
    ["after the length", 8, "found a file that begins with"],
    ["in the header", 20, `expected a header of ${whole[0]} bytes, found 12 bytes after its length`],
    ["before the data", wholeHeader, "data_offsets within 0 bytes of data"],
    ["in the data", whole.length - 1, "data_offsets within 23 bytes of data"],
  ]),
  ["with a byte too many", bytesOf(whole, 0), "expected the end of the file, found 1 bytes more"],
  ["with a header past the end", patched(whole, 0, u64(5000)), "expected a header of 5000 bytes"],
  ["with a header of 100 GB", patched(whole, 0, u64(100_000_000_000)), "expected a header of at most 100000000 bytes"],
  ["with a header that ends early", patched(whole, 0, u64(10)), "expected a header in JSON"],
  ["with broken UTF-8", patched(whole, 10, "\xff"), "expected a header in JSON"],
];

export const safetensorsFiles: HostileFormat = {
  format: "safetensors",
  twins: { whole, "two-tensors": fileOf(two("[8,16]"), 16), integers: fileOf(entry("[1]", "[0,8]", '"I64"'), 8) },
  hostile,
};

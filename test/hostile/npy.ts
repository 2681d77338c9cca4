// Broken .npy files.
import { tensor } from "../../src/math/tensor.js";
import { writeNpy } from "../../src/models/files/npy.js";
import { bytesOf, cutOff, type HostileFile, type HostileFormat, patched, u16, u32 } from "./bytes.js";

/** A file with this header, whatever it says. */
export function npyOf(header: string, data = new Uint8Array(24), version = 1): Uint8Array {
  const length = version === 1 ? u16(header.length) : u32(header.length);
  return bytesOf("\x93NUMPY", version, 0, length, header, data);
}

const fields = (shape: string, descr = "'<f4'", order = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const whole = writeNpy(tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)));

const headers: readonly (readonly [what: string, header: string, reason: string])[] = [
  ["no dict", "hello\n", 'expected "{" in the header, found "h"'],
  ["an empty header", "", 'expected "{" in the header, found its end'],
  ["an open dict", "{'descr': '<f4'", 'expected "," in the header, found its end'],
  ["an open text", "{'descr: <f4}\n", 'found "\'"'],
  ["rubbish after the dict", `${fields("(2, 3)").trim()} 7\n`, 'expected the end of the header, found "7"'],
  ["a field twice", "{'shape': (2,), 'shape': (6,)}\n", 'expected every field once, found "shape" twice'],
  ["an unknown field", "{'order': 'C'}\n", "expected the fields descr, fortran_order and shape"],
  [
    "no shape",
    "{'descr': '<f4', 'fortran_order': False}\n",
    "expected a shape, a tuple of whole numbers, found nothing",
  ],
  ["no type", "{'fortran_order': False, 'shape': (2, 3)}\n", "expected a type of numbers (descr), found nothing"],
  ["no order", "{'descr': '<f4', 'shape': (2, 3)}\n", "expected fortran_order True or False, found nothing"],
  ["a shape in text", fields("'2, 3'"), 'expected a shape, a tuple of whole numbers, found "'],
  ["a negative extent", fields("(-2, -3)"), 'expected a shape of whole numbers from 0 on, found "-2"'],
  ["a broken extent", fields("(2.5, 3)"), 'expected "," in the header, found "."'],
  ["a call in the shape", fields("(__import__('os').system('true'),)"), "expected a shape of whole numbers from 0 on"],
  ["an extent of 2^60", fields(`(${2n ** 60n},)`), "expected a shape of whole numbers up to 2^53"],
  ["extents that overflow", fields(`(${2 ** 52}, ${2 ** 52}, 0, ${2 ** 52})`), "expected 0 bytes for F32"],
  ["extents beyond all numbers", fields(`(${`${2 ** 53 - 1}, `.repeat(60)}0)`), "bytes for F32 of shape"],
  [
    "a large shape",
    fields("(1000000, 1000000)"),
    "expected 4000000000000 bytes for F32 of shape [1000000, 1000000], found 24",
  ],
  ["too many dimensions", fields(`(${"1, ".repeat(65)})`), "expected at most 64 dimensions, found 65"],
  ["objects", fields("(3,)", "'|O'"), "Python objects, which are a pickle that could run code and is not read"],
  ["complex numbers", fields("(3,)", "'<c8'"), "complex numbers; save plain numbers"],
  ["records", fields("(3,)", "[('a', '<f4'), ('b', '<i4')]"), "expected one type for all numbers, found a record"],
  ["text", fields("(3,)", "'<U2'"), 'found "<U2", text'],
  ["long floats", fields("(2, 3)", "'<f16'"), 'found "<f16", unknown here'],
  ["an unknown type", fields("(2, 3)", "'<q4'"), 'found "<q4", unknown here'],
  ["a prototype's name as type", fields("(2, 3)", "'constructor'"), 'found "constructor", unknown here'],
];

const hostile: HostileFile[] = [
  ...headers.map(([what, header, reason]): HostileFile => [`with ${what}`, npyOf(header), reason]),
  ...cutOff(whole, [
    ["in the magic", 4, "found a file that begins with"],
    ["after the magic", 6, "expected a NumPy array (\\x93NUMPY and a version), found 6 bytes"],
    ["in the header", 40, "expected a header of 118 bytes, found 30"],
    ["before the data", 128, "expected 24 bytes for F32 of shape [2, 3], found 0"],
    ["in the data", 140, "expected 24 bytes for F32 of shape [2, 3], found 12"],
  ]),
  ["with a second array", bytesOf(whole, whole), "found 176; save one array per file, or several with numpy.savez"],
  ["of version 0", patched(whole, 6, "\x00"), "expected format version 1, 2 or 3, found version 0"],
  ["of version 9", patched(whole, 6, "\x09"), "expected format version 1, 2 or 3, found version 9"],
  ["with a header past the end", patched(whole, 8, u16(20_000)), "expected a header of 20000 bytes, found 142"],
  [
    "with a header of 4 GiB",
    bytesOf("\x93NUMPY", 2, 0, u32(2 ** 32 - 1)),
    "a header of at most 60000 bytes, found 4294967295",
  ],
  [
    "with half the length of a header",
    bytesOf("\x93NUMPY", 2, 0, 0, 0),
    "expected the length of a header, found the end",
  ],
  ["with a header of brackets", npyOf("(".repeat(59_000)), 'expected "{" in the header, found "("'],
];

export const npyFiles: HostileFormat = {
  format: "npy",
  twins: {
    whole,
    "version-3": npyOf(fields("(2, 3)"), new Uint8Array(24), 3),
    columns: npyOf(fields("(2, 3)", "'>f4'", "True")),
  },
  hostile,
};

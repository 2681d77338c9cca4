// Broken zip archives, as NumPy's .npz: lengths that lie, entries that overlap, bombs.
import { deflateRawSync } from "node:zlib";
import { tensor } from "../../src/math/tensor.js";
import { writeNpy } from "../../src/models/files/npy.js";
import { writeNpz } from "../../src/models/files/npz.js";
import { bytesOf, cutOff, type HostileFile, type HostileFormat, latin1, patched, u16, u64 } from "./bytes.js";
import { npyOf } from "./npy.js";
import { type ZipEnd, type ZipPart, zip64End, zipOf } from "./zip-bytes.js";

const MIB = 2 ** 20;
const array = writeNpy(tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)));
const a: ZipPart = { name: "a.npy", data: array };
const b: ZipPart = { name: "b.npy", data: array };
const packed: ZipPart = { ...a, deflate: true };
const whole = zipOf([a, b]);
const stream = new Uint8Array(deflateRawSync(array));
/** 80 MiB of zeros in 80 KB: a real array that one would not want to have. */
const zeros = npyOf(`{'descr': '<f4', 'fortran_order': False, 'shape': (${20 * MIB},), }\n`, new Uint8Array(80 * MIB));
const bomb = {
  name: "a.npy",
  data: new Uint8Array(),
  packed: new Uint8Array(deflateRawSync(zeros)),
  method: 8,
  crc: 0,
};

/** Zip64 sizes of an entry whose table record says only that they are too large for it. */
const zip64Sizes = (...sizes: readonly (number | bigint)[]) =>
  bytesOf(u16(1), u16(8 * sizes.length), ...sizes.map(u64));

const entries: readonly (readonly [what: string, part: ZipPart, reason: string])[] = [
  ["an encrypted entry", { ...a, flags: 1 }, 'expected entry "a.npy" in the clear'],
  ["a masked entry", { ...a, flags: 0x2000 }, 'expected entry "a.npy" in the clear'],
  ["an LZMA entry", { ...a, method: 14 }, "stored or deflated, found LZMA; save it without compression"],
  ["a Zstandard entry", { ...a, method: 93 }, "stored or deflated, found Zstandard"],
  ["an unknown packing", { ...a, method: 77 }, "stored or deflated, found packing method 77"],
  ["a wrong checksum", { ...a, crc: 1 }, "expected data with CRC-32 00000001"],
  ["a wrong checksum of deflated data", { ...packed, crc: 1 }, "expected data with CRC-32 00000001"],
  ["a stored entry of two sizes", { ...a, size: 10 }, "of one size, as it is stored"],
  ["a stored entry past the table", { ...a, size: 5000, packedSize: 5000 }, 'expected 5000 bytes of entry "a.npy"'],
  [
    "a stored entry of 4 GB",
    { ...a, size: 2 ** 32 - 2, packedSize: 2 ** 32 - 2 },
    "expected 4294967294 bytes of entry",
  ],
  ["a packed entry past the table", { ...packed, packedSize: 9999 }, "expected 9999 bytes of entry"],
  [
    "an entry that tells too small a size",
    { ...packed, size: 8 },
    "unfolds to the declared 8 bytes, found at least 152",
  ],
  ["an entry that tells too large a size", { ...packed, size: 9999 }, "unfolds to the declared 9999 bytes, found 152"],
  ["an entry that tells 4 GB", { ...packed, size: 2 ** 32 - 2 }, "after unpacking a file of"],
  ["no deflate data", { ...packed, packed: new Uint8Array() }, "unfolds to the declared 152 bytes, found 0"],
  ["rubbish instead of deflate data", { ...packed, packed: latin1("\x07rubbish") }, "expected data in deflate form"],
  ["deflate data that end early", { ...packed, packed: stream.subarray(0, 20) }, "expected data in deflate form"],
  [
    "rubbish after deflate data",
    { ...packed, size: 153, packed: bytesOf(stream, new Uint8Array(9 * MIB)) },
    "found 152 bytes",
  ],
  [
    "a zip bomb",
    { ...bomb, size: zeros.length },
    `${zeros.length} bytes; if the file is honest, save it without compression`,
  ],
  ["a zip bomb that lies", { ...bomb, size: 1000 }, "unfolds to the declared 1000 bytes, found at least"],
  ["another name in the entry", { ...a, own: { name: "z.npy" } }, "found another name in the entry itself"],
  ["another packing in the entry", { ...a, own: { method: 8 } }, "as in the table of contents, found method 8"],
  ["another size in the entry", { ...a, own: { size: 7 } }, "as in the table of contents, found 152 and 7"],
  ["an entry past the end", { ...a, offset: 99_999 }, "before the table of contents at byte"],
  ["an entry in the table", { ...a, offset: 180 }, "before the table of contents at byte"],
  ["a name that is no UTF-8", { ...a, name: "\xff.npy" }, "expected a name in UTF-8"],
  [
    "no zip64 sizes",
    { ...packed, size: 2 ** 32 - 1 },
    "a zip64 field with the sizes that 32 bits do not hold, found none",
  ],
  [
    "half a zip64 size",
    { ...packed, size: 2 ** 32 - 1, extra: bytesOf(u16(1), u16(4), "abcd") },
    "a zip64 field with the sizes",
  ],
  ["a zip64 size of 2^62", { ...packed, size: 2 ** 32 - 1, extra: zip64Sizes(2n ** 62n) }, "after unpacking a file of"],
  [
    "a zip64 position of 2^63",
    { ...a, offset: 2 ** 32 - 1, extra: zip64Sizes(2n ** 63n) },
    "before the table of contents at byte",
  ],
  ["an extra field past its end", { ...packed, size: 2 ** 32 - 1, extra: bytesOf(u16(9), u16(9999)) }, "a zip64 field"],
  ["text among the arrays", { name: "readme.txt", data: latin1("hello") }, 'found one with "readme.txt"'],
  ["another archive in it", { name: "a.zip", data: zipOf([a]) }, 'found one with "a.zip"'],
  [
    "an array of objects",
    { ...a, data: npyOf("{'descr': '|O', 'fortran_order': False, 'shape': ()}\n") },
    "Python objects",
  ],
  ["an empty array file", { ...a, data: new Uint8Array() }, 'entry "a.npy", byte 0: expected a NumPy array'],
  [
    "a pickle called an array",
    { ...a, data: latin1("\x80\x02cos\nsystem\n.") },
    'entry "a.npy", byte 0: expected a NumPy array',
  ],
  [
    "an array that is cut off",
    { ...a, data: array.subarray(0, 140) },
    "expected 24 bytes for F32 of shape [2, 3], found 12",
  ],
];

const ends: readonly (readonly [what: string, end: ZipEnd, reason: string])[] = [
  ["fewer entries than told", { count: 3 }, "expected 3 entries, found a table of contents of 102 bytes"],
  ["more entries than told", { count: 1 }, "expected 1 entries and no more"],
  ["65,534 entries told", { count: 65_534 }, "expected 65534 entries, found a table of contents of"],
  ["a table that is too long", { size: 9999 }, "expected a table of contents of 9999 bytes"],
  ["a table past the end", { begin: 99_999 }, "from byte 99999 up to its end record"],
  ["a table of nothing", { size: 0 }, "expected a table of contents of 0 bytes"],
  ["several disks", { disk: 1 }, "expected an archive in one part, found one of several"],
  ["bytes before the table", { between: () => latin1("rubbish") }, "up to its end record"],
  [
    "something before the archive",
    { before: latin1("PK\x03\x04rubbish"), begin: 300 },
    "from byte 300 up to its end record",
  ],
  ["no zip64 locator", { count: 65_535 }, "expected a zip64 locator before the end record, found none"],
  [
    "a zip64 locator to nowhere",
    { count: 65_535, between: (at, size) => zip64End(at, size, 2, { locator: 2n ** 63n }) },
    "expected a zip64 end record before its locator",
  ],
  [
    "2^60 zip64 entries",
    { count: 65_535, between: (at, size) => zip64End(at, size, 2n ** 60n) },
    `expected ${2 ** 60} entries`,
  ],
  [
    "a zip64 table past the end",
    { count: 65_535, between: (at, size) => zip64End(at, size, 2, { begin: 77_777 }) },
    "from byte 77777 up to its end record",
  ],
];

const hostile: HostileFile[] = [
  ...entries.map(([what, part, reason]): HostileFile => [`with ${what}`, zipOf([part]), reason]),
  ...ends.map(([what, end, reason]): HostileFile => [`with ${what}`, zipOf([a, b], end), reason]),
  ...cutOff(whole, [
    ["in the first header", 20, "expected the end record of a zip archive, found none"],
    ["in the data", 100, "expected the end record of a zip archive, found none"],
    ["in the table", whole.length - 60, "expected the end record of a zip archive, found none"],
    ["in the end record", whole.length - 1, "expected the end record of a zip archive, found none"],
  ]),
  ["with bytes after the end record", bytesOf(whole, "more"), "expected the end record of a zip archive, found none"],
  [
    "with a comment that is too short",
    patched(whole, whole.length - 2, u16(7)),
    "expected the end record of a zip archive",
  ],
  [
    "with no header of an entry",
    zipOf([a, { ...b, own: { signature: "PK\x01\x04" } }]),
    'header of entry "b.npy", found other bytes',
  ],
  [
    "with rubbish in its table",
    patched(whole, whole.length - 73, "XX"),
    "expected an entry of the table of contents, found other bytes",
  ],
  ["with nothing in it", zipOf([]), "expected at least one tensor, found none"],
  [
    "with a folder only",
    zipOf([{ name: "arrays/", data: new Uint8Array() }]),
    "expected at least one tensor, found none",
  ],
  ["with a name twice", zipOf([a, a]), 'expected every name once, found entry "a.npy" twice'],
  [
    "with two names for the same bytes",
    zipOf([a, { ...b, offset: 0, own: { name: "a.npy" } }]),
    "found another name in the entry itself",
  ],
  [
    "with an entry inside another",
    zipOf([
      { ...a, data: zipOf([b]) },
      { ...b, offset: 35 },
    ]),
    'found entry "b.npy" inside another one',
  ],
  [
    "with a flood of small bombs",
    zipOf(Array.from({ length: 9 }, (_, i) => ({ ...bomb, name: `${i}.npy`, size: 8 * MIB }))),
    "after unpacking a file of",
  ],
  [
    "with a gap in its list",
    zipOf([
      { ...a, name: "arr_0.npy" },
      { ...a, name: "arr_2.npy" },
    ]),
    'found none called "arr_1"',
  ],
];

export const npzFiles: HostileFormat = {
  format: "npz",
  twins: {
    whole,
    packed: zipOf([packed]),
    commented: zipOf([a], { comment: "made by hand" }),
    "zip64-end": zipOf([a, b], { count: 65_535, between: (at, size) => zip64End(at, size, 2) }),
    "zip64-end-unneeded": zipOf([a, b], { between: (at, size) => zip64End(at, size, 2) }),
    "zip64-sizes": zipOf([{ ...packed, size: 2 ** 32 - 1, extra: zip64Sizes(array.length) }]),
    "zip64-position": zipOf([{ ...a, offset: 2 ** 32 - 1, extra: bytesOf(u16(9), u16(2), "xx", zip64Sizes(0)) }]),
    written: writeNpz([tensor([], Float32Array.of(1))]),
  },
  hostile,
};

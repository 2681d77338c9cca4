// Broken PyTorch files of both kinds: archives, and the sequences of pickles before them.
import { bytesOf, cutOff, type HostileFile, type HostileFormat, latin1, u64 } from "./bytes.js";
import { dict, int, list, NONE, pickle, ptOf, SIX, storage, tensor, text, tuple } from "./pickle-bytes.js";
import { calls } from "./pickle-calls.js";
import { broken } from "./pickle-damage.js";
import { tensors } from "./pickle-tensors.js";

const MIB = 2 ** 20;
const state = pickle(dict({ weight: tensor(), bias: tensor({ shape: tuple(int(3)), strides: tuple(int(2)) }) }));
const whole = ptOf(state);
const over = (key: string) => pickle(dict({ a: tensor({ of: storage({ key: text(key) }) }) }));
/** 40 views of one storage of 4 MiB: 160 MiB. */
const views = pickle(
  list(
    ...Array.from({ length: 40 }, () =>
      tensor({ of: storage({ length: int(MIB) }), shape: tuple(int(MIB)), strides: tuple(int(1)) }),
    ),
  ),
);

const archives: readonly HostileFile[] = [
  ["with bytes after its pickle", ptOf(bytesOf(state, "more")), "expected the end of the pickle, found 4 bytes more"],
  ["with an empty pickle", ptOf(new Uint8Array()), "expected a pickle of protocol 2 to 5, found the end of the file"],
  ["with text for a pickle", ptOf(latin1("import os")), "expected a pickle of protocol 2 to 5, found other bytes"],
  ["without its storage", ptOf(state, {}), 'entry "archive/data/0": expected this entry, found none of this name'],
  [
    "with a storage that is cut off",
    ptOf(state, { 0: SIX.subarray(0, 23) }),
    'expected 24 bytes of F32 in storage "0", found 23',
  ],
  [
    "with a storage that goes on",
    ptOf(state, { 0: bytesOf(SIX, SIX) }),
    'expected 24 bytes of F32 in storage "0", found 48',
  ],
  [
    "with a key that climbs out of the archive",
    ptOf(over("../../../etc/passwd")),
    "found none of this name in the archive",
  ],
  ["with a key of a page", ptOf(over("x".repeat(5000))), "found none of this name in the archive"],
  [
    "with two pickles",
    ptOf(state, { 0: SIX }, [{ name: "other/data.pkl", data: state }]),
    'expected one data.pkl, found "archive/data.pkl"',
  ],
  [
    "with a program",
    ptOf(state, { 0: SIX }, [{ name: "archive/code/net.py", data: latin1("pass") }]),
    "a TorchScript program",
  ],
  ["with a name twice", ptOf(state, { 0: SIX }, [{ name: "archive/data/0", data: SIX }]), "expected every name once"],
  [
    "with a storage inside another entry",
    ptOf(state, {}, [{ name: "archive/data/0", data: SIX, offset: 0, own: { name: "x" } }]),
    "found another name in the entry itself",
  ],
  ["of many views of one storage", ptOf(views, { 0: new Uint8Array(4 * MIB) }), "save dense tensors of their own"],
  ...cutOff(whole, [
    ["in its pickle", 100, "expected the end record of a zip archive"],
    ["in its storage", whole.length - 250, "expected the end record of a zip archive"],
    ["in its table", whole.length - 100, "expected the end record of a zip archive"],
  ]),
];

const long = (value: bigint) =>
  bytesOf(
    0x8a,
    10,
    Uint8Array.from({ length: 10 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)),
  );
const magic = pickle(long(0x1950a86a20f9469cfc6cn));
const version = pickle(bytesOf("M\xe9\x03"));
const machine = pickle(bytesOf("}", text("little_endian"), "\x88s"));
const keys = pickle(list(text("0")));

/** An old file; what is left out is right. */
const oldOf = (
  root: Uint8Array,
  { head = bytesOf(magic, version, machine), keyed = keys, tail = bytesOf(u64(6), SIX) } = {},
) => bytesOf(head, root, keyed, tail);
const wholeOld = oldOf(state);
const twoTypes = pickle(list(tensor(), tensor({ of: storage({ kind: "LongStorage" }) })));

const old: readonly HostileFile[] = [
  [
    "with another magic number",
    oldOf(state, { head: bytesOf(pickle(int(7)), version, machine) }),
    "a file that torch.save wrote, found another pickle",
  ],
  [
    "of version 1002",
    oldOf(state, { head: bytesOf(magic, pickle(int(1002)), machine) }),
    "PyTorch's format version 1001, found 1002",
  ],
  [
    "of version None",
    oldOf(state, { head: bytesOf(magic, pickle(NONE), machine) }),
    "PyTorch's format version 1001, found None",
  ],
  ["with a number for keys", oldOf(state, { keyed: pickle(int(1)) }), "expected a list of storage keys, found 1"],
  ["with a key of no tensor", oldOf(state, { keyed: pickle(list(text("9"))) }), 'that the tensors refer to, found "9"'],
  [
    "with a key that is a list",
    oldOf(state, { keyed: pickle(list(list())) }),
    "that the tensors refer to, found an empty list",
  ],
  [
    "with a key twice",
    oldOf(state, { keyed: pickle(list(text("0"), text("0"))), tail: bytesOf(u64(6), SIX, u64(6), SIX) }),
    'expected every storage once, found "0" twice',
  ],
  [
    "without keys",
    oldOf(state, { keyed: pickle(list()), tail: new Uint8Array() }),
    'expected storage "0", found none of this key',
  ],
  ["of two types over one storage", oldOf(twoTypes), 'expected storage "0" of F32 again, found I64'],
  [
    "with a storage of another length",
    oldOf(state, { tail: bytesOf(u64(5), SIX.subarray(4)) }),
    'expected 24 bytes of F32 in storage "0", found 20',
  ],
  ["with a storage of 2^60 numbers", oldOf(state, { tail: bytesOf(u64(2n ** 60n), SIX) }), "up to the end of the file"],
  [
    "with a storage of 2^64 - 1 numbers",
    oldOf(state, { tail: bytesOf(u64(2n ** 64n - 1n), SIX) }),
    "up to the end of the file",
  ],
  ["with bytes after its storage", bytesOf(wholeOld, "more"), "expected the end of the file, found 4 bytes more"],
  ...cutOff(wholeOld, [
    ["in its magic number", 9, "expected 10 more bytes, found 5"],
    ["after its magic number", magic.length, "expected a pickle of protocol 2 to 5, found the end of the file"],
    ["before its value", magic.length + version.length + machine.length, "found the end of the file"],
    ["in its value", wholeOld.length - 200, "expected a name of at most 1024 bytes and a line end, found none"],
    ["before its storage", wholeOld.length - 32, 'expected storage "0", found the end of the file'],
    ["in the length of its storage", wholeOld.length - 28, 'expected storage "0", found the end of the file'],
    ["in its storage", wholeOld.length - 1, 'expected 24 bytes in storage "0", found 23'],
  ]),
];

const inside = (files: readonly HostileFile[], put: (bytes: Uint8Array) => Uint8Array): HostileFile[] =>
  files.map(([what, bytes, reason]) => [`with a pickle ${what}`, put(bytes), reason]);

export const ptFiles: HostileFormat = {
  format: "pt",
  twins: {
    whole,
    list: ptOf(pickle(list(tensor(), tensor()))),
    "protocol-5": ptOf(pickle(bytesOf("\x95", u64(0), dict({ a: tensor() })), 5)),
    checkpoint: ptOf(pickle(dict({ epoch: int(3), model: dict({ a: tensor() }) }))),
  },
  hostile: [...archives, ...inside([...calls, ...broken, ...tensors], ptOf)],
};

export const oldPtFiles: HostileFormat = {
  format: "old-pt",
  twins: { whole: wholeOld },
  // An old file tells a storage's length in numbers only, so that another type shows elsewhere.
  hostile: [...old, ...inside([...calls, ...tensors.filter(([what]) => !what.includes("another type"))], oldOf)],
};

/** Pickles that nobody wrapped. */
export const pickleFiles: HostileFormat = {
  format: "pickle",
  twins: { "whole-old": wholeOld },
  hostile: [
    ...inside(calls, (bytes) => bytes),
    ["of numbers", pickle(list(int(1))), "a file that torch.save wrote, found another pickle"],
  ],
};

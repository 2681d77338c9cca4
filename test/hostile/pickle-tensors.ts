// Pickles of tensors whose numbers do not fit: the pickles themselves are well-formed.
import { bytesOf, type HostileFile, latin1 } from "./bytes.js";
import { call, dict, int, list, NONE, named, pickle, storage, tensor, text, tuple } from "./pickle-bytes.js";
import { asked } from "./pickle-calls.js";

const withStorage = (pieces: Parameters<typeof storage>[0]) => tensor({ of: storage(pieces) });
const BIG = 2n ** 60n;

const misfits: readonly (readonly [what: string, value: Uint8Array, reason: string])[] = [
  ["over no storage", tensor({ of: NONE }), "expected a tensor over a storage of this file"],
  [
    "of an unknown storage class",
    withStorage({ id: tuple(text("storage"), text("FloatStorage"), text("0"), text("cpu"), int(6)) }),
    "expected the class of a storage",
  ],
  ["of complex numbers", withStorage({ kind: "ComplexFloatStorage" }), asked("torch", "ComplexFloatStorage")],
  ["over a storage without a key", withStorage({ key: int(0) }), "expected a storage with a key, found one without"],
  [
    "over a view of a storage",
    withStorage({
      id: tuple(
        text("storage"),
        named("torch", "FloatStorage"),
        text("0"),
        text("cpu"),
        int(6),
        tuple(text("1"), int(0), int(6)),
      ),
    }),
    "expected a whole storage, found a view",
  ],
  [
    "over a storage of another length",
    withStorage({ length: int(7) }),
    'expected 28 bytes of F32 in storage "0", found 24',
  ],
  [
    "over a storage of another type",
    withStorage({ kind: "DoubleStorage" }),
    'expected 48 bytes of F64 in storage "0", found 24',
  ],
  ["over a storage of 2^60 numbers", withStorage({ length: int(BIG) }), "expected the length of a storage"],
  ["over a storage of 2^50 numbers", withStorage({ length: int(2n ** 50n) }), 'bytes of F32 in storage "0", found 24'],
  ["over a storage of -6 numbers", withStorage({ length: int(-6) }), "expected the length of a storage, found -6"],
  ["over a storage of None numbers", withStorage({ length: NONE }), "expected the length of a storage, found None"],
  ["from a negative offset", tensor({ offset: int(-1) }), "expected an offset, a whole number from 0 on, found -1"],
  [
    "from an offset past the end",
    tensor({ offset: int(1) }),
    'within the 6 numbers of storage "0", found one that reaches number 7',
  ],
  ["from an offset of 2^60", tensor({ offset: int(BIG) }), "expected an offset"],
  ["from an offset of 2^53 - 1", tensor({ offset: int(2 ** 53 - 1) }), "found one that reaches number"],
  [
    "from an offset in a list",
    tensor({ offset: list() }),
    "expected an offset, a whole number from 0 on, found an empty list",
  ],
  ["larger than its storage", tensor({ shape: tuple(int(3), int(3)) }), "found one that reaches number 9"],
  [
    "of shape 2^60",
    tensor({ shape: tuple(int(BIG)), strides: tuple(int(1)) }),
    "expected a shape of at most 64 whole numbers",
  ],
  [
    "of shape 2^60 by steps of 0",
    tensor({ shape: tuple(int(BIG)), strides: tuple(int(0)) }),
    "expected a shape of at most 64",
  ],
  [
    "of shape 2^52 by steps of 0",
    tensor({ shape: tuple(int(2n ** 52n)), strides: tuple(int(0)) }),
    "bytes of tensors from a file of",
  ],
  [
    "of shape 2^31 by 2^31 by steps of 0",
    tensor({ shape: tuple(int(2n ** 31n), int(2n ** 31n)), strides: tuple(int(0), int(0)) }),
    "bytes of tensors from a file of",
  ],
  [
    "of a shape beyond all numbers",
    tensor({
      shape: tuple(...Array.from({ length: 40 }, () => int(2n ** 52n)), int(0)),
      strides: tuple(...Array.from({ length: 41 }, () => int(0))),
    }),
    "bytes of tensors from a file of",
  ],
  [
    "of a negative extent",
    tensor({ shape: tuple(int(-2), int(-3)) }),
    "expected a shape of at most 64 whole numbers from 0 on, found [-2, -3]",
  ],
  [
    "of a shape in fractions",
    tensor({ shape: tuple(bytesOf("G", latin1("\x3f\xe0\0\0\0\0\0\0")), int(3)) }),
    "found [0.5, 3]",
  ],
  [
    "of a shape in text",
    tensor({ shape: text("23") }),
    'expected a shape of at most 64 whole numbers from 0 on, found "23"',
  ],
  [
    "of 65 dimensions",
    tensor({ shape: tuple(...Array.from({ length: 65 }, () => int(1))) }),
    "expected a shape of at most 64 whole numbers",
  ],
  [
    "of a shape in itself",
    tensor({ shape: bytesOf("]q\x09h\x09a") }),
    "expected a shape of at most 64 whole numbers from 0 on, found [a list]",
  ],
  [
    "with a stride missing",
    tensor({ strides: tuple(int(1)) }),
    "expected 2 strides, whole numbers from 0 on, found [1]",
  ],
  [
    "with negative strides",
    tensor({ strides: tuple(int(-3), int(-1)) }),
    "expected 2 strides, whole numbers from 0 on, found [-3, -1]",
  ],
  [
    "with strides that overflow",
    tensor({ strides: tuple(int(2 ** 53 - 1), int(2 ** 53 - 1)) }),
    "found one that reaches number",
  ],
  ["with no strides", tensor({ strides: NONE }), "expected 2 strides, whole numbers from 0 on, found None"],
  [
    "that is conjugated",
    tensor({ metadata: dict({ conj: latin1("\x88") }) }),
    "found one marked as conjugated or negated",
  ],
  [
    "that is a parameter of nothing",
    call(named("torch._utils", "_rebuild_parameter"), NONE),
    "expected a parameter made of a tensor",
  ],
  [
    "whose size is a number",
    tensor({ shape: call(named("torch", "Size"), int(6)) }),
    "expected a torch.Size of a tuple",
  ],
  [
    "under a name twice",
    bytesOf("}(", text("1"), tensor(), int(1), tensor(), "u"),
    'expected every name once, found "1" twice',
  ],
];

export const tensors = misfits.map(
  ([what, value, reason]): HostileFile => [`of a tensor ${what}`, pickle(value), reason],
);

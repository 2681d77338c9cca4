// Broken and malicious pickles, as values: each is tried alone, in a .pt archive and in an old .pt file.
import { bytesOf, type HostileFile, latin1, u32, u64 } from "./bytes.js";
import {
  call,
  dict,
  emptyOrderedDict,
  int,
  list,
  NONE,
  named,
  pickle,
  storage,
  tensor,
  text,
  tuple,
} from "./pickle-bytes.js";

/** Where a command would leave its mark if one were ever run. */
export const MARK = "/tmp/leakscope-hostile-pickle-was-executed";
const command = text(`touch ${MARK}`);

/** Functions that exploits call, each really called with an argument that would do harm. */
const harmful: readonly (readonly [module: string, name: string])[] = [
  ["os", "system"],
  ["posix", "system"],
  ["nt", "system"],
  ["os", "popen"],
  ["subprocess", "Popen"],
  ["subprocess", "check_output"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["builtins", "__import__"],
  ["builtins", "getattr"],
  ["builtins", "open"],
  ["__builtin__", "eval"],
  ["importlib", "import_module"],
  ["operator", "attrgetter"],
  ["functools", "partial"],
  ["pickle", "loads"],
  ["runpy", "run_path"],
  ["webbrowser", "open"],
  ["socket", "create_connection"],
  ["shutil", "rmtree"],
  ["torch", "load"],
  ["torch.hub", "load"],
  ["torch.utils.cpp_extension", "load"],
  ["torch.serialization", "load"],
  ["torch._utils", "_import_dotted_name"],
  ["torch._utils", "_rebuild_tensor_v2.__globals__"],
  ["torch.nn.modules.linear", "Linear"],
  ["numpy.core.multiarray", "_reconstruct"],
  ["__main__", "Net"],
  ["argparse", "Namespace"],
];

const asked = (module: string, name: string) =>
  `one that asks for "${module}.${name}", which was not looked up and not called`;

/** Pickles that ask for more than values. */
export const calls: readonly HostileFile[] = [
  ...harmful.map(
    ([module, name]): HostileFile => [
      `that calls ${module}.${name}`,
      pickle(call(named(module, name), command)),
      asked(module, name),
    ],
  ),
  [
    "that calls os.system by names from the stack",
    pickle(bytesOf("\x8c\x02os\x8c\x06system\x93", command, "\x85R"), 4),
    asked("os", "system"),
  ],
  [
    "that hides a call in a dict of tensors",
    pickle(dict({ a: tensor(), b: call(named("os", "system"), command) })),
    asked("os", "system"),
  ],
  [
    "that hides a call in a device",
    pickle(storage({ id: call(named("os", "system"), command) })),
    asked("os", "system"),
  ],
  [
    "that hides a call in attributes",
    pickle(bytesOf(emptyOrderedDict, call(named("os", "system"), command), "b")),
    asked("os", "system"),
  ],
  ["that only names os.system", pickle(bytesOf(named("os", "system"), "0", tensor())), asked("os", "system")],
  ["with an instance (INST)", pickle(bytesOf("(", command, "ios\nsystem\n")), "(INST), which was not made"],
  [
    "with an instance (OBJ)",
    pickle(bytesOf("(", named("collections", "OrderedDict"), command, "o")),
    "(OBJ), which was not made",
  ],
  [
    "with an instance (NEWOBJ)",
    pickle(bytesOf(named("torch", "Size"), tuple(command), "\x81")),
    "(NEWOBJ), which was not made",
  ],
  [
    "with an instance (NEWOBJ_EX)",
    pickle(bytesOf(named("torch", "Size"), ")}\x92"), 4),
    "(NEWOBJ_EX), which was not made",
  ],
  ["with an extension code", pickle(bytesOf("\x82\x01", ")R")), "(EXT1), which was not looked up"],
  ["with a persistent id in text", pickle("Pstorage\n"), "(PERSID)"],
  ["with data outside the file", pickle("\x97", 5), "(NEXT_BUFFER)"],
  ["that calls a text", pickle(call(command, command)), "a call of a plain value, which was not made"],
  [
    "that calls a storage class",
    pickle(call(named("torch", "FloatStorage"), command)),
    'a call of "torch.FloatStorage", which was not made',
  ],
  [
    "that calls what a call returned",
    pickle(call(emptyOrderedDict, command)),
    "a call of a plain value, which was not made",
  ],
  ["that calls with no tuple", pickle(bytesOf(named("torch", "Size"), int(1), "R")), "expected a tuple of arguments"],
  [
    "that sets attributes of a tensor",
    pickle(bytesOf(tensor(), dict({ __class__: command }), "b")),
    "expected attributes of a dict",
  ],
  [
    "that fills an ordered dict by a call",
    pickle(call(named("collections", "OrderedDict"), list())),
    "filled item by item",
  ],
];

const deep = 200_000;
/** Malformed pickles, and such as hold no tensors. */
export const broken: readonly HostileFile[] = [
  [
    "of protocol 0",
    bytesOf(`cos\nsystem\n(S'touch ${MARK}'\ntR.`),
    "expected a pickle of protocol 2 to 5, found other bytes",
  ],
  ["of protocol 1", pickle(NONE, 1), "expected a pickle of protocol 2 to 5, found protocol 1"],
  ["of protocol 6", pickle(NONE, 6), "expected a pickle of protocol 2 to 5, found protocol 6"],
  ["of protocol 255", pickle(NONE, 255), "found protocol 255"],
  ["with a second protocol number", pickle("\x80\x02N"), "a second protocol number (PROTO)"],
  ["with numbers in text", pickle("I7\n"), "a number in text (INT), of protocol 0"],
  ["with an unknown operation", pickle("\xff"), "an unknown operation"],
  ["without STOP", bytesOf("\x80\x02N"), "expected a whole pickle, found its end before STOP"],
  ["of nothing", pickle(""), "expected a value before STOP, found an empty stack"],
  ["of its protocol only", bytesOf("\x80\x02"), "expected a whole pickle, found its end before STOP"],
  ["that pops nothing", pickle("0"), "expected a value on the stack, found none"],
  ["that pops below a mark", pickle("N(\x85"), "expected a value on the stack, found none"],
  ["without a mark", pickle("t"), "expected a mark on the stack, found none"],
  ["that doubles nothing", pickle("2"), "expected a value on the stack, found none"],
  ["that appends to a number", pickle("K\x01Na"), "expected a list to append to"],
  ["that puts items into a list", pickle("]NNs"), "expected a dict to put items into"],
  ["with a key and no value", pickle("}(Nu"), "expected a value for every key"],
  ["that recalls what was not remembered", pickle("h\x07"), "expected a value remembered before, found number 7"],
  ["that recalls number 2^32 - 1", pickle(bytesOf("j", u32(2 ** 32 - 1))), "found number 4294967295, which is none"],
  ["that remembers nothing", pickle("\x94", 4), "expected a value on the stack, found none"],
  ["with half a number", bytesOf("\x80\x02J\x01"), "expected 4 more bytes, found 1"],
  ["with half a fraction", bytesOf("\x80\x02G\x01"), "expected 8 more bytes, found 1"],
  ["with a number of 2 GiB", pickle(bytesOf("\x8b", u32(2 ** 31))), "expected a number of at most 255 bytes"],
  ["with a text of 4 GiB", pickle(bytesOf("X", u32(2 ** 32 - 1))), "expected 4294967295 more bytes, found"],
  ["with a text of 2^62 bytes", pickle(bytesOf("\x8d", u64(2n ** 62n)), 4), "more bytes, found"],
  ["with bytes of 2^63", pickle(bytesOf("\x8e", u64(2n ** 63n)), 4), "more bytes, found"],
  ["with a byte array of 2^63", pickle(bytesOf("\x96", u64(2n ** 63n)), 5), "more bytes, found"],
  [
    "with a frame of 2^60 bytes",
    pickle(bytesOf("\x95", u64(2n ** 60n), "N"), 4),
    "expected a frame of 1152921504606847000 bytes",
  ],
  ["with text that is no UTF-8", pickle(bytesOf("X", u32(2), "\xc3\x28")), "expected text in UTF-8"],
  ["with a name without an end", pickle(bytesOf("c", "o".repeat(5000))), "expected a name of at most 1024 bytes"],
  ["with a global of numbers", pickle("K\x01K\x02\x93", 4), "expected a module and a name, found other values"],
  [
    "with an unknown persistent id",
    pickle(bytesOf(text("module"), "Q")),
    "a reference to a storage, found another persistent id",
  ],
  ["of a list in itself", pickle("]q\x00h\x00a"), "a list whose entry 0 is a list"],
  ["of a dict in itself", pickle(bytesOf("}q\x00", text("me"), "h\x00s")), 'a dict of other things under "me"'],
  ["of deep lists", pickle(bytesOf("]".repeat(deep), "a".repeat(deep - 1))), "a list whose entry 0 is a list"],
  ["of deep tuples", pickle(bytesOf("N", "\x85".repeat(deep))), "a list whose entry 0 is a list"],
  ["that doubles itself 5,000 times", pickle(bytesOf("]", "2\x86".repeat(5000))), "a list whose entry 0 is a list"],
  ["of many marks", pickle(bytesOf("(".repeat(deep), "N")), "expected a tensor, a list of tensors"],
  ["that remembers 100,000 times", pickle(bytesOf("]", "\x94".repeat(100_000)), 4), "an empty list"],
  [
    "of 3 million empty dicts",
    pickle(bytesOf("}".repeat(3_000_000))),
    "expected a pickle of at most 1048576 bytes, found more",
  ],
  ["of no tensor", pickle(dict({ lr: int(1) })), 'a dict of other things under "lr"'],
  ["of None", pickle(NONE), "found None"],
  ["of an empty list", pickle("]"), "found an empty list"],
  ["of a tensor and None", pickle(list(tensor(), NONE)), "a list whose entry 1 is None"],
  [
    "of several dicts of tensors",
    pickle(dict({ one: dict({ a: tensor() }), two: dict({ a: tensor() }) })),
    'found several, under "one", "two"',
  ],
];

const withStorage = (pieces: Parameters<typeof storage>[0]) => tensor({ of: storage(pieces) });
const BIG = 2n ** 60n;

/** Tensors whose numbers do not fit: the pickle itself is well-formed. */
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

// Malicious pickles: every function that exploits call, and every operation that could make or call something.
import { bytesOf, type HostileFile } from "./bytes.js";
import {
  call,
  dict,
  emptyOrderedDict,
  int,
  list,
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

/** What the error says of a global that is not allowed. */
export const asked = (module: string, name: string) =>
  `one that asks for "${module}.${name}", which was not looked up and not called`;

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

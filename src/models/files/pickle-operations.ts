// The operations of pickle protocols 2 to 5 that build plain values, by their opcode, and the names of those that could
// do more. Semantics: CPython's Lib/pickletools.py.
import { quote } from "../weights-error.js";
import {
  decode,
  Global,
  i32,
  line,
  long,
  PICKLE_REMEDY,
  type PickleMachine,
  pop,
  popToMark,
  push,
  skip,
  take,
  top,
  u8,
  u16,
  u32,
  u64,
} from "./pickle-machine.js";

type Operation = (machine: PickleMachine) => void;

function list(m: PickleMachine): unknown[] {
  const value = top(m);
  return Array.isArray(value) ? value : m.fail("a list to append to", "another value");
}

function setItems(m: PickleMachine, items: readonly unknown[]): void {
  const dict = top(m);
  if (!(dict instanceof Map)) m.fail("a dict to put items into", "another value");
  if (items.length % 2 !== 0) m.fail("a value for every key", "a key without one");
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

function append(m: PickleMachine, items: readonly unknown[]): void {
  const target = list(m);
  for (const item of items) target.push(item);
}

function pushGlobal(m: PickleMachine, module: unknown, name: unknown): void {
  if (typeof module !== "string" || typeof name !== "string") m.fail("a module and a name", "other values");
  const full = `${module}.${name}`;
  const { globals } = m.rules;
  if (!globals.has(full)) {
    m.fail(
      "a pickle of tensors and plain containers",
      `one that asks for ${quote(full)}, which was not looked up and not called`,
      {
        remedy: PICKLE_REMEDY,
      },
    );
  }
  push(m, new Global(full, globals.get(full)));
}

function reduce(m: PickleMachine): void {
  const args = pop(m);
  const callee = pop(m);
  if (!(callee instanceof Global) || typeof callee.meaning !== "function") {
    const what = callee instanceof Global ? quote(callee.name) : "a plain value";
    m.fail("a call of a function that rebuilds tensors", `a call of ${what}, which was not made`);
  }
  if (!Array.isArray(args)) m.fail("a tuple of arguments", "another value");
  push(m, callee.meaning(args, m.fail));
}

/** The state of an OrderedDict is its attributes (PyTorch's module versions), which say nothing about tensors. */
function build(m: PickleMachine): void {
  pop(m);
  if (!(top(m) instanceof Map)) m.fail("attributes of a dict", "those of another value", { remedy: PICKLE_REMEDY });
}

function memoize(m: PickleMachine, index: number): void {
  m.memo.set(index, top(m));
}

function recall(m: PickleMachine, index: number): void {
  if (!m.memo.has(index)) m.fail("a value remembered before", `number ${index}, which is none`);
  push(m, m.memo.get(index));
}

const tuple = (count: number) => (m: PickleMachine) => {
  const items = new Array<unknown>(count);
  for (let i = count - 1; i >= 0; i--) items[i] = pop(m);
  push(m, items);
};

const text = (length: (m: PickleMachine) => number, encoding?: string) => (m: PickleMachine) =>
  push(m, decode(m, take(m, length(m)), encoding));
const raw = (length: (m: PickleMachine) => number) => (m: PickleMachine) => push(m, take(m, length(m)));

const table: Readonly<Record<string, Operation>> = {
  "(": (m) => m.marks.push(m.stack.length),
  "0": (m) => (m.marks.at(-1) === m.stack.length ? m.marks.pop() : pop(m)),
  "1": popToMark,
  "2": (m) => push(m, top(m)),
  N: (m) => push(m, null),
  "\x88": (m) => push(m, true),
  "\x89": (m) => push(m, false),
  J: (m) => push(m, i32(m)),
  K: (m) => push(m, u8(m)),
  M: (m) => push(m, u16(m)),
  "\x8a": (m) => push(m, long(m, u8(m))),
  "\x8b": (m) => push(m, long(m, u32(m))),
  G: (m) => push(m, m.view.getFloat64(skip(m, 8))),
  X: text(u32),
  "\x8c": text(u8),
  "\x8d": text(u64),
  U: text(u8, "latin1"),
  T: text(u32, "latin1"),
  B: raw(u32),
  C: raw(u8),
  "\x8e": raw(u64),
  "\x96": raw(u64),
  "]": (m) => push(m, []),
  a: (m) => append(m, [pop(m)]),
  e: (m) => append(m, popToMark(m)),
  l: (m) => push(m, popToMark(m)),
  ")": (m) => push(m, []),
  t: (m) => push(m, popToMark(m)),
  "\x85": tuple(1),
  "\x86": tuple(2),
  "\x87": tuple(3),
  "\x8f": (m) => push(m, []),
  "\x90": (m) => append(m, popToMark(m)),
  "\x91": (m) => push(m, popToMark(m)),
  "}": (m) => push(m, new Map()),
  s: (m) => {
    const value = pop(m);
    setItems(m, [pop(m), value]);
  },
  u: (m) => setItems(m, popToMark(m)),
  d: (m) => {
    const items = popToMark(m);
    push(m, new Map());
    setItems(m, items);
  },
  q: (m) => memoize(m, u8(m)),
  r: (m) => memoize(m, u32(m)),
  "\x94": (m) => memoize(m, m.memo.size),
  h: (m) => recall(m, u8(m)),
  j: (m) => recall(m, u32(m)),
  "\x95": (m) => {
    const length = u64(m);
    const left = m.bytes.length - m.at;
    if (length > left) m.fail(`a frame of ${length} bytes`, `${left}`);
  },
  c: (m) => {
    const module = line(m);
    pushGlobal(m, module, line(m));
  },
  "\x93": (m) => {
    const name = pop(m);
    pushGlobal(m, pop(m), name);
  },
  Q: (m) => push(m, m.rules.persistent(pop(m), m.fail)),
  R: reduce,
  b: build,
};

const refused: Readonly<Record<string, string>> = {
  i: "an instance of a class (INST), which was not made",
  o: "an instance of a class (OBJ), which was not made",
  "\x81": "an instance of a class (NEWOBJ), which was not made",
  "\x92": "an instance of a class (NEWOBJ_EX), which was not made",
  "\x82": "an extension code (EXT1), which was not looked up",
  "\x83": "an extension code (EXT2), which was not looked up",
  "\x84": "an extension code (EXT4), which was not looked up",
  "\x97": "data outside the file (NEXT_BUFFER)",
  "\x98": "data outside the file (READONLY_BUFFER)",
  P: "a persistent id in text (PERSID)",
  I: "a number in text (INT), of protocol 0",
  L: "a number in text (LONG), of protocol 0",
  F: "a number in text (FLOAT), of protocol 0",
  S: "a quoted text (STRING), of protocol 0",
  V: "a quoted text (UNICODE), of protocol 0",
  g: "a memo index in text (GET), of protocol 0",
  p: "a memo index in text (PUT), of protocol 0",
  "\x80": "a second protocol number (PROTO)",
};

const byCode = <T>(entries: Readonly<Record<string, T>>): ReadonlyMap<number, T> =>
  new Map(Object.entries(entries).map(([code, value]) => [code.charCodeAt(0), value]));

export const operations = byCode(table);

/** What to call the operations that are refused. */
export const refusedOperations = byCode(refused);

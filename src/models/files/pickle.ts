// A pickle machine of our own that builds plain values and nothing else: it has no way to import or to call Python.
// Globals must stand on the reader's allow-list, where each names a function of ours; every other one is refused by
// name before anything is done with it. Lists, tuples and sets become arrays, dicts become Maps. Format: CPython's
// Lib/pickletools.py, protocols 2 to 5.
import { type Fail, quote } from "../weights-error.js";
import { PICKLE_REMEDY, type PickleMachine, type PickleRules } from "./pickle-machine.js";
import { operations, refusedOperations } from "./pickle-operations.js";

const PROTO = 0x80;
const STOP = 0x2e;

/** A state dict takes some 150 bytes per tensor; a byte can cost 300 bytes of memory (an empty dict). */
const LENGTH_LIMIT = 2 ** 20;

/**
 * The value that a pickle describes, and the position after it. `begin` is where it starts in `bytes`. Calls `fail` on
 * anything malformed or not allowed. Time and memory grow with the length of the pickle only, which is limited to 1
 * MiB.
 */
export function unpickle(
  bytes: Uint8Array,
  begin: number,
  rules: PickleRules,
  fail: Fail,
): { value: unknown; end: number } {
  const protocol = bytes[begin + 1] ?? 0;
  if (bytes[begin] !== PROTO || protocol < 2 || protocol > 5) {
    const actual =
      begin >= bytes.length ? "the end of the file" : bytes[begin] === PROTO ? `protocol ${protocol}` : "other bytes";
    fail("a pickle of protocol 2 to 5", actual, { at: begin, remedy: PICKLE_REMEDY });
  }
  let at = begin;
  const failHere: Fail = (expected, actual, details) => fail(expected, actual, { at, ...details });
  const machine: PickleMachine = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    rules,
    stack: [],
    marks: [],
    memo: new Map(),
    fail: failHere,
    at: begin + 2,
  };
  for (;;) {
    at = machine.at;
    const code = bytes[at];
    if (code === undefined) return failHere("a whole pickle", "its end before STOP");
    if (at - begin > LENGTH_LIMIT)
      failHere(`a pickle of at most ${LENGTH_LIMIT} bytes`, "more", { remedy: PICKLE_REMEDY });
    machine.at = at + 1;
    if (code === STOP) {
      if (machine.stack.length === 0) failHere("a value before STOP", "an empty stack");
      return { value: machine.stack.at(-1), end: at + 1 };
    }
    const operation = operations.get(code);
    if (operation) operation(machine);
    else {
      const unknown = `an unknown operation ${quote(String.fromCharCode(code))}`;
      failHere("a pickle of tensors and plain containers", refusedOperations.get(code) ?? unknown, {
        remedy: PICKLE_REMEDY,
      });
    }
  }
}

// The state of the pickle machine and its smallest steps: reading, pushing, popping. Every one checks that there is
// something to take.
import { type Fail, quote } from "../weights-error.js";

/** What a pickle may refer to. */
export interface PickleRules {
  /**
   * By "module.name": what stands for the global, which a pickle may call only if it is a function (of the arguments
   * and `fail`).
   */
  readonly globals: ReadonlyMap<string, unknown>;
  /** The value of a persistent id, such as a storage that lies elsewhere in the file. */
  persistent(id: unknown, fail: Fail): unknown;
}

/** The state of one run. */
export interface PickleMachine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly rules: PickleRules;
  readonly stack: unknown[];
  /** Stack heights at the open marks. */
  readonly marks: number[];
  readonly memo: Map<number, unknown>;
  /** Throws WeightsError with the position of the operation at work. */
  readonly fail: Fail;
  /** Position of the next byte. */
  at: number;
}

export const PICKLE_REMEDY =
  "save plain tensors: torch.save({name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}, path)";

/** A global on the allow-list. What it stands for is ours; the pickle sees only the name. */
export class Global {
  constructor(
    readonly name: string,
    readonly meaning: unknown,
  ) {}
}

const LONG_LIMIT = 255;
const NAME_LIMIT = 1024;

export function take(m: PickleMachine, count: number): Uint8Array {
  const left = m.bytes.length - m.at;
  if (count > left) m.fail(`${count} more bytes`, `${left}`);
  m.at += count;
  return m.bytes.subarray(m.at - count, m.at);
}

/** Position of the next `count` bytes, which are passed over. */
export function skip(m: PickleMachine, count: number): number {
  take(m, count);
  return m.at - count;
}

export const u8 = (m: PickleMachine) => m.view.getUint8(skip(m, 1));
export const u16 = (m: PickleMachine) => m.view.getUint16(skip(m, 2), true);
export const i32 = (m: PickleMachine) => m.view.getInt32(skip(m, 4), true);
export const u32 = (m: PickleMachine) => m.view.getUint32(skip(m, 4), true);
export const u64 = (m: PickleMachine) => Number(m.view.getBigUint64(skip(m, 8), true));

export function decode(m: PickleMachine, bytes: Uint8Array, encoding = "utf-8"): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return m.fail("text in UTF-8", "other bytes", { cause });
  }
}

export function line(m: PickleMachine): string {
  const window = m.bytes.subarray(m.at, m.at + NAME_LIMIT);
  const length = window.indexOf(0x0a);
  if (length < 0) m.fail(`a name of at most ${NAME_LIMIT} bytes and a line end`, "none");
  const text = decode(m, window.subarray(0, length));
  m.at += length + 1;
  return text;
}

/** A two's complement whole number, a bigint where it is not exact as a number. */
export function long(m: PickleMachine, count: number): number | bigint {
  if (count > LONG_LIMIT) m.fail(`a number of at most ${LONG_LIMIT} bytes`, `one of ${count}`);
  const value = take(m, count).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const signed = BigInt.asIntN(8 * count, value);
  const plain = Number(signed);
  return Number.isSafeInteger(plain) ? plain : signed;
}

export function pop(m: PickleMachine): unknown {
  if (m.stack.length <= (m.marks.at(-1) ?? 0)) m.fail("a value on the stack", "none");
  return m.stack.pop();
}

export function top(m: PickleMachine): unknown {
  const value = pop(m);
  m.stack.push(value);
  return value;
}

export function popToMark(m: PickleMachine): unknown[] {
  const mark = m.marks.pop();
  if (mark === undefined) return m.fail("a mark on the stack", "none");
  return m.stack.splice(mark);
}

export const push = (m: PickleMachine, value: unknown): void => {
  m.stack.push(value);
};

/** A value of a pickle for a message. Containers show as their kind only: they may be deep, cyclic or large. */
export function describeValue(value: unknown): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Map) return value.size === 0 ? "an empty dict" : "a dict";
  if (typeof value === "string") return quote(value);
  if (typeof value === "object") return "an object";
  return String(value);
}

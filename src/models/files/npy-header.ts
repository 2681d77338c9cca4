// The header of a .npy file: magic, version, length, and a Python dict of descr, fortran_order and shape.
// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
import { type Fail, quote } from "../weights-error.js";
import type { ElementType } from "./elements.js";

export interface NpyHeader {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
  /** Position of the first number. */
  readonly begin: number;
}

export const NPY_MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** NumPy 2's own limit of dimensions. */
const RANK_LIMIT = 64;

/** Six times NumPy's own limit. */
const LENGTH_LIMIT = 60_000;

/** NumPy's letters for kinds of elements that hold numbers, with the size in bytes. */
const types: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

/** Why other kinds are refused, and what to do. */
const refused: Readonly<Record<string, string>> = {
  O: "Python objects, which are a pickle that could run code and is not read",
  c: "complex numbers",
  U: "text",
  S: "text",
  V: "raw bytes or records",
  M: "dates",
  m: "durations",
};
const REMEDY = "save plain numbers: array.astype(numpy.float32)";

/** Reads and checks the header. Calls `fail` on anything that is no array of numbers. */
export function readNpyHeader(bytes: Uint8Array, fail: Fail): NpyHeader {
  if (bytes.length < 10 || !NPY_MAGIC.every((byte, i) => bytes[i] === byte)) {
    fail("a NumPy array (\\x93NUMPY and a version)", bytes.length < 10 ? `${bytes.length} bytes` : "other bytes", {
      at: 0,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = bytes[6]!;
  if (version < 1 || version > 3) fail("format version 1, 2 or 3", `version ${version}`, { at: 6 });
  const textBegin = version === 1 ? 10 : 12;
  if (bytes.length < textBegin) fail("the length of a header", "the end of the file", { at: 8 });
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LENGTH_LIMIT) fail(`a header of at most ${LENGTH_LIMIT} bytes`, `${length}`, { at: 8 });
  const begin = textBegin + length;
  if (begin > bytes.length) fail(`a header of ${length} bytes`, `${bytes.length - textBegin}`, { at: 8 });
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(textBegin, begin));
  const failHere = (expected: string, actual: string, remedy?: string): never =>
    fail(expected, actual, { at: textBegin, ...(remedy ? { remedy } : {}) });
  const fields = parseFields(text, failHere);
  const { descr, fortran_order: columnMajor, shape } = fields;
  if (typeof descr !== "string") return failHere("a type of numbers (descr)", show(descr));
  if (typeof columnMajor !== "boolean") return failHere("fortran_order True or False", show(columnMajor));
  if (!Array.isArray(shape)) return failHere("a shape, a tuple of whole numbers", show(shape));
  if (shape.length > RANK_LIMIT) return failHere(`at most ${RANK_LIMIT} dimensions`, `${shape.length}`);
  if (!shape.every(Number.isSafeInteger)) return failHere("a shape of whole numbers up to 2^53", show(shape));
  return { ...elementOf(descr, failHere), columnMajor, shape, begin };
}

type FailHere = (expected: string, actual: string, remedy?: string) => never;
type Value = string | boolean | readonly number[];

function elementOf(descr: string, fail: FailHere): Pick<NpyHeader, "type" | "littleEndian"> {
  const [, order, kind = "", size] = /^([<>|])(\w)(\d*)$/.exec(descr) ?? [];
  const type = types[`${kind}${size}`];
  if (!type) {
    return fail(
      `an element type of ${Object.keys(types).join(", ")}`,
      `${quote(descr)}, ${refused[kind] ?? "unknown here"}`,
      REMEDY,
    );
  }
  return { type, littleEndian: order !== ">" };
}

const show = (value: unknown) => (value === undefined ? "nothing" : quote(JSON.stringify(value)));

/** The dict's fields; a header that holds anything but text, truth values and tuples of whole numbers is refused. */
function parseFields(text: string, fail: FailHere): Partial<Record<string, Value>> {
  const tokens = text.trimEnd().match(/'[^'\\]*'|True|False|-?\d+|[{}(),:]|[^\s]/g) ?? [];
  let at = 0;
  const expect = (token: string): void => {
    if (tokens[at] !== token)
      fail(`${quote(token)} in the header`, tokens[at] === undefined ? "its end" : quote(tokens[at]!));
    at++;
  };
  const tuple = (): number[] => {
    const extents: number[] = [];
    expect("(");
    while (tokens[at] !== ")") {
      const extent = tokens[at] ?? "";
      if (!/^\d+$/.test(extent)) fail("a shape of whole numbers from 0 on", quote(extent));
      extents.push(Number(extent));
      at++;
      if (tokens[at] !== ")") expect(",");
    }
    expect(")");
    return extents;
  };
  const value = (): Value => {
    const token = tokens[at] ?? "";
    if (token === "(") return tuple();
    at++;
    if (token === "True" || token === "False") return token === "True";
    if (token.startsWith("'") && token.length > 1) return token.slice(1, -1);
    if (token === "[") return fail("one type for all numbers", "a record of several", REMEDY);
    return fail("text, True, False or a tuple in the header", quote(token));
  };
  const fields = new Map<string, Value>();
  expect("{");
  while (tokens[at] !== "}") {
    const key = value();
    if (typeof key !== "string" || !["descr", "fortran_order", "shape"].includes(key)) {
      return fail("the fields descr, fortran_order and shape", show(key));
    }
    if (fields.has(key)) fail("every field once", `${quote(key)} twice`);
    expect(":");
    fields.set(key, value());
    if (tokens[at] !== "}") expect(",");
  }
  expect("}");
  if (at !== tokens.length) fail("the end of the header", quote(tokens[at]!));
  return Object.fromEntries(fields);
}

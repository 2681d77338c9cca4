// The header of a safetensors file: u64 length, then JSON {name: {dtype, shape, data_offsets}} and an optional __metadata__.
// Files come from strangers, so everything is checked before any number is read. Format: github.com/huggingface/safetensors.
import { type ElementType, elements, isElementType } from "./files/elements.js";
import { WeightsError, type WeightsProblem } from "./weights-error.js";

export interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** The format's own limit, which keeps a forged length from costing memory. */
const HEADER_LIMIT = 100_000_000;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** A value for a message. What lies deeper shows as its kind only: a stranger's nesting could exhaust the stack. */
const showPlain = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[...]" : "{...}";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
const show = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.slice(0, 8).map(showPlain).join()}${value.length > 8 ? ",..." : ""}]`
    : showPlain(value);

/** Reads and checks the header of `bytes`. Throws WeightsError naming `file` and the byte or tensor that is wrong. */
export function readHeader(bytes: Uint8Array, file: string): Entry[] {
  const fail = (problem: Omit<WeightsProblem, "file">, cause?: unknown): never => {
    throw new WeightsError({ file, ...problem }, { cause });
  };
  if (bytes.length < 8)
    fail({ at: 0, expected: "8 bytes of header length", actual: `a file of ${bytes.length} bytes` });
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > HEADER_LIMIT)
    fail({ at: 0, expected: `a header of at most ${HEADER_LIMIT} bytes`, actual: `${length}` });
  if (length > bytes.length - 8) {
    fail({ at: 0, expected: `a header of ${length} bytes`, actual: `${bytes.length - 8} bytes after its length` });
  }
  const header = parse(bytes.subarray(8, 8 + length), (expected, actual, cause) =>
    fail({ at: 8, expected, actual }, cause),
  );
  const dataStart = 8 + length;
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => {
      const problem = entryProblem(entry, bytes.length - dataStart);
      if (problem) fail({ at: name, ...problem });
      const {
        dtype,
        shape,
        data_offsets: offsets,
      } = entry as {
        dtype: ElementType;
        shape: number[];
        data_offsets: [number, number];
      };
      return { name, type: dtype, shape, begin: dataStart + offsets[0], end: dataStart + offsets[1] };
    });
  let covered = dataStart;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const actual = `${begin}, which ${begin < covered ? "overlaps another tensor" : "leaves bytes that belong to no tensor"}`;
      fail({ at: name, expected: `data from byte ${covered} of the file on`, actual });
    }
    covered = end;
  }
  if (covered !== bytes.length) {
    fail({ at: covered, expected: "the end of the file", actual: `${bytes.length - covered} bytes more` });
  }
  return entries;
}

function parse(bytes: Uint8Array, fail: (expected: string, actual: string, cause?: unknown) => never) {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    return fail("a header in JSON", (error as Error).message, error);
  }
  if (!isRecord(header)) return fail("a JSON object", show(header));
  const twice = repeatedKey(text);
  if (twice !== undefined) return fail("every name once", `${show(twice)} twice`);
  return header;
}

/** What is wrong with one entry over `available` bytes of data, or undefined. */
function entryProblem(entry: unknown, available: number): { expected: string; actual: string } | undefined {
  if (!isRecord(entry)) return { expected: "an object with dtype, shape and data_offsets", actual: show(entry) };
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !isElementType(dtype)) {
    return { expected: `an element type of ${Object.keys(elements).join(", ")}`, actual: show(dtype) };
  }
  const itemSize = elements[dtype].bytes;
  if (!isCounts(shape)) return { expected: "a shape of whole numbers from 0 to 2^53", actual: show(shape) };
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    return { expected: "data_offsets [begin, end]", actual: show(offsets) };
  }
  const [begin, end] = offsets as [number, number];
  if (end > available) return { expected: `data_offsets within ${available} bytes of data`, actual: show(offsets) };
  if (begin % itemSize !== 0) return { expected: `data at a multiple of ${itemSize} bytes`, actual: `offset ${begin}` };
  const size = shape.reduce((product, extent) => product * extent, itemSize);
  if (size !== end - begin) {
    return {
      expected: `${size} bytes for ${dtype} of shape [${show(shape).slice(1, -1)}]`,
      actual: `${end - begin} bytes`,
    };
  }
  return undefined;
}

/** A key that occurs twice in one object of valid JSON: `JSON.parse` would keep the last without a word. */
function repeatedKey(json: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === "{") open.push(new Set());
    else if (char === "[") open.push(null);
    else if (char === "}" || char === "]") open.pop();
    else if (char === '"') {
      const start = i++;
      while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
      const keys = open.at(-1);
      let next = i + 1;
      while (json[next]!.trim() === "" && next < json.length - 1) next++;
      if (!keys || json[next] !== ":") continue;
      const key = JSON.parse(json.slice(start, i + 1)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

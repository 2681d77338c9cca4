// The table of contents at the end of a zip archive: end record, its zip64 twin, and one record per entry. Format:
// PKWARE APPNOTE 6.3.10.
import { type Fail, quote } from "../weights-error.js";

export interface Entry {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly deflated: boolean;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Position of the entry's own header in the file. */
  readonly offset: number;
}

const END = { signature: 0x06054b50, length: 22 };
const LOCATOR = { signature: 0x07064b50, length: 20 };
const END64 = { signature: 0x06064b50, length: 56 };
const RECORD = { signature: 0x02014b50, length: 46 };
const COMMENT_LIMIT = 0xffff;
const ZIP64_FIELD = 1;
/** Flags: encrypted, patched data, strongly encrypted, header masked. */
const UNREADABLE = 0x0001 | 0x0020 | 0x0040 | 0x2000;
const methods: Readonly<Record<number, string>> = {
  9: "deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "XZ",
};

/**
 * The entries of an archive and the byte at which its table of contents begins. Calls `fail` on anything that does not
 * add up.
 */
export function readDirectory(bytes: Uint8Array, fail: Fail): { entries: Entry[]; begin: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { count, size, begin, end } = locateDirectory(bytes, view, fail);
  if (begin + size !== end) {
    fail(`a table of contents of ${size} bytes from byte ${begin} up to its end record`, `the record at byte ${end}`, {
      remedy: "the archive is cut off, or something was put before or into it: save or copy it again",
    });
  }
  if (count * RECORD.length > size) fail(`${count} entries`, `a table of contents of ${size} bytes`, { at: begin });
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = begin;
  for (let i = 0; i < count; i++) {
    const { entry, next } = readRecord(bytes, view, at, end, fail);
    if (names.has(entry.name)) fail("every name once", `entry ${quote(entry.name)} twice`, { at });
    names.add(entry.name);
    entries.push(entry);
    at = next;
  }
  if (at !== end) fail(`${count} entries and no more`, `${end - at} bytes after the last one`, { at });
  return { entries, begin };
}

function locateDirectory(bytes: Uint8Array, view: DataView, fail: Fail) {
  const at = findEnd(view);
  if (at === undefined) {
    return fail("the end record of a zip archive", `none in the last bytes of a file of ${bytes.length}`, {
      remedy: "the file is cut off: save or copy it again",
    });
  }
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  const counts = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const size = view.getUint32(at + 12, true);
  const begin = view.getUint32(at + 16, true);
  const is64 = [...disks, ...counts].includes(0xffff) || size === 0xffffffff || begin === 0xffffffff;
  if (is64) return locateDirectory64(view, at, fail);
  if (disks.some((disk) => disk !== 0) || counts[0] !== counts[1])
    fail("an archive in one part", "one of several", { at });
  // PyTorch writes a zip64 record even where it is not needed, and it lies between the table and this one.
  const locator = at - LOCATOR.length;
  const extra = locator >= 0 && view.getUint32(locator, true) === LOCATOR.signature;
  return { count: counts[0]!, size, begin, end: extra ? end64Position(view, locator, fail) : at };
}

function end64Position(view: DataView, locator: number, fail: Fail): number {
  const at = Number(view.getBigUint64(locator + 8, true));
  if (at + END64.length > locator || view.getUint32(at, true) !== END64.signature) {
    fail("a zip64 end record before its locator", `none at byte ${at}`, { at: locator });
  }
  return at;
}

function locateDirectory64(view: DataView, end: number, fail: Fail) {
  const locator = end - LOCATOR.length;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR.signature) {
    fail("a zip64 locator before the end record", "none", { at: end });
  }
  const at = end64Position(view, locator, fail);
  const counts = [Number(view.getBigUint64(at + 24, true)), Number(view.getBigUint64(at + 32, true))];
  if (view.getUint32(at + 16, true) !== 0 || view.getUint32(at + 20, true) !== 0 || counts[0] !== counts[1]) {
    fail("an archive in one part", "one of several", { at });
  }
  const size = Number(view.getBigUint64(at + 40, true));
  return { count: counts[0]!, size, begin: Number(view.getBigUint64(at + 48, true)), end: at };
}

/** Position of the end record: the last one whose comment ends where the file does. */
function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - END.length;
  for (let at = last; at >= Math.max(0, last - COMMENT_LIMIT); at--) {
    if (view.getUint32(at, true) === END.signature && view.getUint16(at + 20, true) === last - at) return at;
  }
  return undefined;
}

function readRecord(bytes: Uint8Array, view: DataView, at: number, end: number, fail: Fail) {
  if (at + RECORD.length > end || view.getUint32(at, true) !== RECORD.signature) {
    fail("an entry of the table of contents", "other bytes", { at });
  }
  const nameEnd = at + RECORD.length + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > end) fail("an entry within the table of contents", `one that ends ${next - end} bytes after it`, { at });
  const rawName = bytes.subarray(at + RECORD.length, nameEnd);
  const name = decodeName(rawName, at, fail);
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if ((flags & UNREADABLE) !== 0) fail(`entry ${quote(name)} in the clear`, "an encrypted or patched one", { at });
  if (method !== 0 && method !== 8) {
    fail(`entry ${quote(name)} stored or deflated`, methods[method] ?? `packing method ${method}`, {
      at,
      remedy: "save it without compression",
    });
  }
  const [size, packedSize, offset] = sizes64(view, at, nameEnd, extraEnd, fail);
  if (method === 0 && size !== packedSize) {
    fail(`entry ${quote(name)} of one size, as it is stored`, `${packedSize} bytes that make ${size}`, { at });
  }
  const crc = view.getUint32(at + 16, true);
  return { entry: { name, rawName, deflated: method === 8, crc, packedSize, size, offset }, next };
}

/** Size, packed size and offset; those that 32 bits cannot hold come from the zip64 field, in this order. */
function sizes64(view: DataView, at: number, begin: number, end: number, fail: Fail): [number, number, number] {
  const told = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  if (!told.includes(0xffffffff)) return told as [number, number, number];
  let field = begin;
  while (field + 4 <= end && view.getUint16(field, true) !== ZIP64_FIELD) field += 4 + view.getUint16(field + 2, true);
  let from = field + 4;
  const fieldEnd = field + 4 <= end ? Math.min(end, from + view.getUint16(field + 2, true)) : 0;
  return told.map((value) => {
    if (value !== 0xffffffff) return value;
    if (from + 8 > fieldEnd) fail("a zip64 field with the sizes that 32 bits do not hold", "none", { at });
    from += 8;
    return Number(view.getBigUint64(from - 8, true));
  }) as [number, number, number];
}

function decodeName(raw: Uint8Array, at: number, fail: Fail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(raw);
  } catch (cause) {
    return fail("a name in UTF-8", "other bytes", { at, cause });
  }
}

// Reads zip archives from strangers: stored and deflated entries, zip64. Every length is checked against the file
// before anything is allocated, the table of contents must agree with the entries, and no two entries may share bytes.
// Format: PKWARE APPNOTE 6.3.10.
import { type Fail, failIn, quote } from "../weights-error.js";
import { growthLimit } from "./growth.js";
import { crc32, inflate } from "./inflate.js";
import { type Entry, readDirectory } from "./zip-directory.js";

export interface ZipFile {
  /** Name of the archive and of an entry in it, as errors call them. */
  nameOf(entry: string): string;
  /** Entry names in the order of the table of contents, folders left out. */
  readonly entries: readonly string[];
  /** An entry's bytes, unpacked and checked by their CRC-32; a view of the file where they are stored as they are. */
  read(entry: string): Uint8Array;
}

const LOCAL = 0x04034b50;
const LOCAL_LENGTH = 30;
const UNTOLD = 0xffffffff;

/**
 * Opens an archive; `file` is how errors call it. Throws WeightsError on anything damaged, ambiguous or larger than
 * `growthLimit`.
 */
export function openZip(bytes: Uint8Array, file: string): ZipFile {
  const fail = failIn(file);
  const { entries, begin } = readDirectory(bytes, fail);
  const located = entries.map((entry) => ({ ...entry, ...locate(bytes, entry, begin, fail) }));
  let covered = 0;
  for (const { name, offset, end } of [...located].sort((a, b) => a.offset - b.offset)) {
    if (offset < covered)
      fail("entries that share no bytes", `entry ${quote(name)} inside another one`, { at: offset });
    covered = end;
  }
  const limit = growthLimit(bytes.length);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > limit) {
    fail(`at most ${limit} bytes after unpacking a file of ${bytes.length}`, `${total} bytes`, {
      remedy: "if the file is honest, save it without compression (np.savez, torch.save)",
    });
  }
  const byName = new Map(located.filter(({ name }) => !name.endsWith("/")).map((entry) => [entry.name, entry]));
  const nameOf = (entry: string) => `${file}, entry ${quote(entry)}`;
  return {
    nameOf,
    entries: [...byName.keys()],
    read(name) {
      const failHere = failIn(nameOf(name));
      const entry = byName.get(name);
      if (!entry) return failHere("this entry", "none of this name in the archive");
      const packed = bytes.subarray(entry.start, entry.end);
      const whole = entry.deflated ? inflate(packed, entry.size, failHere) : packed;
      const crc = crc32(whole);
      if (crc !== entry.crc) {
        failHere(`data with CRC-32 ${hex(entry.crc)}`, hex(crc), {
          remedy:
            "the file is damaged, or was saved with torch.serialization.set_crc32_options(False): save or copy it again",
        });
      }
      return whole;
    },
  };
}

const hex = (value: number) => value.toString(16).padStart(8, "0");

/** Where an entry's data lie, from its own header, which must say what the table of contents says. */
function locate(bytes: Uint8Array, entry: Entry, limit: number, fail: Fail): { start: number; end: number } {
  const { name, offset, packedSize, size } = entry;
  const at = offset;
  if (offset > limit - LOCAL_LENGTH) {
    fail(`entry ${quote(name)} before the table of contents at byte ${limit}`, `an entry at byte ${offset}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, LOCAL_LENGTH);
  if (view.getUint32(0, true) !== LOCAL) fail(`the header of entry ${quote(name)}`, "other bytes", { at });
  const nameLength = view.getUint16(26, true);
  const start = offset + LOCAL_LENGTH + nameLength + view.getUint16(28, true);
  const end = start + packedSize;
  if (end > limit) {
    fail(`${packedSize} bytes of entry ${quote(name)}`, `${Math.max(0, limit - start)} before the table of contents`, {
      at,
    });
  }
  const ownName = bytes.subarray(offset + LOCAL_LENGTH, offset + LOCAL_LENGTH + nameLength);
  if (!sameBytes(ownName, entry.rawName)) {
    fail(`the name ${quote(name)} of the table of contents`, "another name in the entry itself", { at });
  }
  const method = view.getUint16(8, true);
  if (method !== (entry.deflated ? 8 : 0)) {
    fail(`the packing of entry ${quote(name)} as in the table of contents`, `method ${method}`, { at });
  }
  // Writers that stream leave sizes to a record after the data, and zip64 to an extra field.
  const sizesFollow = (view.getUint16(6, true) & 8) !== 0;
  const told = [view.getUint32(18, true), view.getUint32(22, true)];
  if (!sizesFollow && [packedSize, size].some((wanted, i) => told[i] !== wanted && told[i] !== UNTOLD)) {
    fail(
      `sizes ${packedSize} and ${size} of entry ${quote(name)} as in the table of contents`,
      `${told.join(" and ")}`,
      { at },
    );
  }
  return { start, end };
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

// Little pieces of binary files, for building broken ones.

/** Text as one byte per character, whatever the characters up to 255. */
export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

type Piece = Uint8Array | string | number;

/** Pieces in a row: bytes, latin-1 text, or one byte. */
export function bytesOf(...pieces: readonly Piece[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      pieces.map((piece) =>
        typeof piece === "number" ? Uint8Array.of(piece) : typeof piece === "string" ? latin1(piece) : piece,
      ),
    ),
  );
}

function little(value: number | bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) =>
    Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * i)) & 255n),
  );
}

export const u16 = (value: number) => little(value, 2);
export const u32 = (value: number) => little(value, 4);
export const u64 = (value: number | bigint) => little(value, 8);

/** A copy with `replacement` from byte `at` on. */
export function patched(bytes: Uint8Array, at: number, replacement: Uint8Array | string): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(typeof replacement === "string" ? latin1(replacement) : replacement, at);
  return copy;
}

/** A broken file: what is wrong with it, its bytes, and what the error must say. */
export type HostileFile = readonly [what: string, bytes: Uint8Array, reason: string];

/** Files of one format: whole ones by name, and broken ones made of them. */
export interface HostileFormat {
  readonly format: string;
  readonly twins: Readonly<Record<string, Uint8Array>>;
  readonly hostile: readonly HostileFile[];
}

/** A whole file cut off at the given places, each with what the error must say. */
export function cutOff(
  whole: Uint8Array,
  places: readonly (readonly [what: string, length: number, reason: string])[],
): HostileFile[] {
  return places.map(([what, length, reason]) => [`cut off ${what}`, whole.subarray(0, length), reason]);
}

// Builds zip archives field by field, so that every field can lie.
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../src/models/files/inflate.js";
import { bytesOf, latin1, u16, u32, u64 } from "./bytes.js";

/** One entry. What is left out is told truthfully. */
export interface ZipPart {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** The packed bytes themselves. */
  readonly packed?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly packedSize?: number;
  readonly extra?: Uint8Array;
  /** Position of the entry's own header as the table tells it. */
  readonly offset?: number;
  /** What the entry's own header says. */
  readonly own?: {
    readonly name?: string;
    readonly method?: number;
    readonly size?: number;
    readonly signature?: string;
  };
}

/** What the end record says, and what stands around it. */
export interface ZipEnd {
  readonly count?: number;
  readonly disk?: number;
  readonly size?: number;
  readonly begin?: number;
  readonly comment?: string;
  /** Bytes between the table and the end record, given the table's position and size. */
  readonly between?: (begin: number, size: number) => Uint8Array;
  readonly before?: Uint8Array;
}

export function zipOf(parts: readonly ZipPart[], end: ZipEnd = {}): Uint8Array {
  const own: Uint8Array[] = [end.before ?? new Uint8Array()];
  const table: Uint8Array[] = [];
  let at = own[0]!.length;
  for (const part of parts) {
    const { name, data, flags = 0, extra = new Uint8Array() } = part;
    const packed = part.packed ?? (part.deflate ? new Uint8Array(deflateRawSync(data)) : data);
    const method = part.method ?? (part.deflate ? 8 : 0);
    const crc = part.crc ?? crc32(data);
    const size = part.size ?? data.length;
    const packedSize = part.packedSize ?? packed.length;
    const ownName = part.own?.name ?? name;
    const header = bytesOf(
      part.own?.signature ?? "PK\x03\x04",
      u16(20),
      u16(flags),
      u16(part.own?.method ?? method),
      u32(0),
      u32(crc),
      u32(packedSize),
      u32(part.own?.size ?? size),
      u16(ownName.length),
      u16(0),
      ownName,
    );
    table.push(
      bytesOf(
        "PK\x01\x02",
        u16(20),
        u16(20),
        u16(flags),
        u16(method),
        u32(0),
        u32(crc),
        u32(packedSize),
        u32(size),
        u16(name.length),
        u16(extra.length),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(part.offset ?? at),
        name,
        extra,
      ),
    );
    own.push(header, packed);
    at += header.length + packed.length;
  }
  const directory = bytesOf(...table);
  const count = end.count ?? parts.length;
  const disk = end.disk ?? 0;
  return bytesOf(
    ...own,
    directory,
    end.between?.(at, directory.length) ?? new Uint8Array(),
    "PK\x05\x06",
    u16(disk),
    u16(disk),
    u16(count),
    u16(count),
    u32(end.size ?? directory.length),
    u32(end.begin ?? at),
    u16(end.comment?.length ?? 0),
    latin1(end.comment ?? ""),
  );
}

/** A zip64 end record and its locator. */
export function zip64End(
  begin: number,
  size: number,
  count: number | bigint,
  told: { begin?: number; locator?: number | bigint } = {},
) {
  return bytesOf(
    "PK\x06\x06",
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(told.begin ?? begin),
    "PK\x06\x07",
    u32(0),
    u64(told.locator ?? begin + size),
    u32(1),
  );
}

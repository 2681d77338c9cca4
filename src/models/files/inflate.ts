// Unpacks one deflated zip entry into exactly the bytes that the archive declares, and checks them. Works in small
// steps, so that an entry that lies about its size is stopped before it costs memory or time.
import { Inflate } from "fflate";
import type { Fail } from "../weights-error.js";

/** Compressed bytes per step; deflate makes at most 1032 times as many of them. */
const STEP = 64 * 1024;

/** A stored block of 64 KiB waits for 2 steps before any output; more silence than this is rubbish after the end. */
const SILENT_STEPS = 4;

/**
 * The `size` bytes that `packed` unfolds to. The caller has bounded `size`. Calls `fail` on broken data and on any
 * other size.
 */
export function inflate(packed: Uint8Array, size: number, fail: Fail): Uint8Array {
  const whole = new Uint8Array(size);
  let filled = 0;
  let silent = 0;
  let overflow = false;
  const stream = new Inflate((part) => {
    overflow = part.length > size - filled;
    if (!overflow) whole.set(part, filled);
    filled += part.length;
    silent = part.length > 0 ? 0 : silent + 1;
  });
  for (let at = 0; at < packed.length && !overflow; at += STEP) {
    if (silent > SILENT_STEPS) break;
    try {
      stream.push(packed.subarray(at, at + STEP), at + STEP >= packed.length);
    } catch (cause) {
      return fail("data in deflate form", `broken data (${(cause as Error).message})`, { cause });
    }
  }
  if (filled !== size) {
    fail(`data that unfolds to the declared ${size} bytes`, overflow ? `at least ${filled} bytes` : `${filled} bytes`);
  }
  return whole;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** CRC-32 as zip archives use it. */
export function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) rest = crcTable[(rest ^ bytes[at]!) & 255]! ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}

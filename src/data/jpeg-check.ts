// Looks over a JPEG (ITU-T T.81, annex B) before a decoder gets it: segments up to the first scan, size, end marker.
import { DataError } from "./errors.js";
import { MAX_PIXELS } from "./planar.js";

const SCAN = 0xda;
const END = Buffer.of(0xff, 0xd9);
/** Markers of the C0 to CF range that start no frame: Huffman and arithmetic tables, and a reserved one. */
const NO_FRAME = new Set([0xc4, 0xc8, 0xcc]);

/** Throws DataError, with the offset, when the frame is missing, too large, or the file ends within it. */
export function checkJpeg(bytes: Uint8Array, file: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 2;
  let framed = false;
  for (;;) {
    if (offset + 4 > bytes.length) throw cutOff(bytes, file, "another JPEG segment");
    if (bytes[offset] !== 0xff) {
      throw new DataError({
        file,
        offset,
        expected: "a JPEG marker (0xff)",
        actual: `0x${bytes[offset]!.toString(16)}`,
      });
    }
    const marker = bytes[offset + 1]!;
    if (marker === 0xff) {
      offset++;
      continue;
    }
    const length = view.getUint16(offset + 2);
    if (length < 2) {
      throw new DataError({ file, offset: offset + 2, expected: "a segment of at least 2 bytes", actual: `${length}` });
    }
    if (offset + 2 + length > bytes.length)
      throw cutOff(bytes, file, `${length} bytes of a segment from ${offset + 2}`);
    if (marker === SCAN) break;
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAME.has(marker) && length >= 8) {
      checkSize(view.getUint16(offset + 7), view.getUint16(offset + 5), file, offset + 5);
      framed = true;
    }
    offset += 2 + length;
  }
  if (!framed) throw new DataError({ file, offset, expected: "a JPEG frame header", actual: "a scan without one" });
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(END, offset) < 0) {
    throw cutOff(bytes, file, "the end-of-image marker");
  }
}

function checkSize(width: number, height: number, file: string, offset: number): void {
  if (width > 0 && height > 0 && width * height <= MAX_PIXELS) return;
  const expected = `a picture of 1 to ${MAX_PIXELS} pixels`;
  throw new DataError({ file, offset, expected, actual: `${width} by ${height}` });
}

function cutOff(bytes: Uint8Array, file: string, expected: string): DataError {
  const advice = "the file is cut off: fetch it again";
  return new DataError({ file, offset: bytes.length, expected, actual: "the end of the file", advice });
}

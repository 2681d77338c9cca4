// A run's event log as server-sent events. An event's id is the place in the file where the next one begins, so that a page that lost its
// connection goes on exactly where it was; the file is the truth, whichever process writes it.
import { open } from "node:fs/promises";
import type { SSEStreamingApi } from "hono/streaming";

/** How often the file is looked at, and after how long without news a sign of life is sent, in milliseconds. */
const LOOK_MS = 250;
const QUIET_MS = 15_000;
const CHUNK = 1 << 16;

export interface LogLine {
  readonly text: string;
  /** Where the next line begins, in bytes. */
  readonly next: number;
}

/** Whole lines of `file` from byte `from` on; a last line without an end is left for later. A file that is not there has none. */
export async function readLines(file: string, from: number): Promise<LogLine[]> {
  const handle = await open(file, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    // A file that has become shorter is another one.
    const parts: Buffer[] = [];
    for (let at = from > size ? 0 : from, read = 1; read > 0; at += read) {
      const part = Buffer.alloc(CHUNK);
      read = (await handle.read(part, 0, CHUNK, at)).bytesRead;
      parts.push(part.subarray(0, read));
    }
    return split(Buffer.concat(parts), from > size ? 0 : from);
  } finally {
    await handle.close();
  }
}

function split(bytes: Buffer, from: number): LogLine[] {
  const lines: LogLine[] = [];
  for (let start = 0, end = bytes.indexOf(10); end >= 0; start = end + 1, end = bytes.indexOf(10, start)) {
    lines.push({ text: bytes.toString("utf8", start, end), next: from + end + 1 });
  }
  return lines;
}

/** A place in the file as a page names it; 0 for anything else. */
const placeOf = (id: string | undefined): number => (id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : 0);

/** Sends what `file` holds after `lastId`, then what is added, until the page goes away or `signal` is aborted. */
export async function follow(
  stream: SSEStreamingApi,
  file: string,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  let place = placeOf(lastId);
  let sent = Date.now();
  while (!stream.aborted && !signal.aborted) {
    for (const { text, next } of await readLines(file, place)) {
      await stream.writeSSE({ data: text, id: String(next) });
      [place, sent] = [next, Date.now()];
    }
    if (Date.now() - sent > QUIET_MS) {
      await stream.write(": still here\n\n");
      sent = Date.now();
    }
    await stream.sleep(LOOK_MS);
  }
}

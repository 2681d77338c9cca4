// What a defense did in one round: a receipt per defense, so that one that does nothing is seen.
import type { ClientId, Update, WireMessage } from "./hooks.js";
import { type Distortion, distortion, plainBytes } from "./update.js";

export interface Receipt {
  readonly defense: string;
  /** Of the update: null for a defense that acts elsewhere (data, model, aggregation). */
  readonly distortion: Distortion | null;
  /** Bytes on the wire before and after the defense. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly milliseconds: number;
  /** True when the defense left everything that it acts on as it was. */
  readonly identity: boolean;
}

/** Running account of one defense over the hooks of a round. */
interface Book {
  milliseconds: number;
  /** Of all that is no update: cohort, payload, data, batch, model. */
  identity: boolean;
  /** The first client whose update was seen: it stands for all, so that `before` and `after` are of one client. */
  client: ClientId | "server" | null;
  bytesBefore: number;
  bytesAfter: number;
  before: Update | null;
  after: Update | null;
}

export const openBook = (): Book => ({
  milliseconds: 0,
  identity: true,
  client: null,
  bytesBefore: 0,
  bytesAfter: 0,
  before: null,
  after: null,
});

/** Enters what one hook of the defense made of `before`. */
export function note(
  book: Book,
  client: ClientId | "server",
  before: unknown,
  after: unknown,
  milliseconds: number,
): void {
  book.milliseconds += milliseconds;
  const [left, right] = [updateIn(before), updateIn(after)];
  if (!left || !right) {
    if (!sameContent(before, after)) book.identity = false;
    return;
  }
  book.client ??= client;
  if (book.client !== client) return;
  book.before ??= left.update;
  book.after = right.update;
  book.bytesBefore ||= left.bytes;
  book.bytesAfter = right.bytes;
}

/** The update inside a hook's value, if it is one or carries one. */
function updateIn(value: unknown): { update: Update; bytes: number } | null {
  if (value instanceof Map) return { update: value as Update, bytes: plainBytes(value as Update) };
  if (typeof value === "object" && value !== null && "update" in value) return value as WireMessage;
  return null;
}

/** Equal by content, so that a copy does not pass for a change; functions by reference. */
function sameContent(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Map && b instanceof Map) return sameContent([...a], [...b]);
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => sameContent(a[key], b[key]));
}

export function closeBook(defense: string, book: Book): Receipt {
  const change = book.before && book.after ? distortion(book.before, book.after) : null;
  return {
    defense,
    distortion: change,
    bytesBefore: book.bytesBefore,
    bytesAfter: book.bytesAfter,
    milliseconds: book.milliseconds,
    identity: book.identity && (change?.identity ?? true),
  };
}

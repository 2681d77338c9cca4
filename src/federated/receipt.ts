// What a defense did in one round: a receipt per defense, so that one that does nothing is seen.
import type { FloatArray } from "../math/tensor.js";
import type { ClientId, Update, WireMessage } from "./hooks.js";
import { type Distortion, distortion, meanDistortion, plainBytes } from "./update.js";

export interface Receipt {
  readonly defense: string;
  /** Of the update, mean over the local gradients and the upload: null for a defense that acts elsewhere (data, model, aggregation). */
  readonly distortion: Distortion | null;
  /** Bytes on the wire before and after the defense. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Bytes that clients sent each other and the server besides their uploads. */
  readonly peerBytes: number;
  readonly milliseconds: number;
  /** True when the defense left everything that it acts on as it was. */
  readonly identity: boolean;
}

/** Running account of one defense over the hooks of a round. */
interface Book {
  milliseconds: number;
  /** Of all but that client's updates: cohort, payload, data, batch, model, weights, other clients' updates. */
  identity: boolean;
  /** The first client whose update was seen: it stands for all, so that `before` and `after` are of one client. */
  place: ClientId | "server" | null;
  bytesBefore: number;
  bytesAfter: number;
  peerBytes: number;
  /** What `before` and `after` are the defense's first input and last output of. */
  scope: string | null;
  before: Update | null;
  after: Update | null;
  /** Of the scopes that ended. */
  distortions: Distortion[];
}

export const openBook = (): Book => ({
  milliseconds: 0,
  identity: true,
  place: null,
  bytesBefore: 0,
  bytesAfter: 0,
  peerBytes: 0,
  scope: null,
  before: null,
  after: null,
  distortions: [],
});

export interface Entry {
  readonly place: ClientId | "server";
  readonly scope: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly milliseconds: number;
}

/** Enters what one hook of the defense made of `before`. */
export function note(book: Book, { place, scope, before, after, milliseconds }: Entry): void {
  book.milliseconds += milliseconds;
  const [left, right] = [updateIn(before), updateIn(after)];
  if (!left || !right) {
    if (!sameContent(before, after)) book.identity = false;
    return;
  }
  book.place ??= place;
  if (book.place !== place) {
    // Not measured, but seen: clipping may leave the first client's update alone and shorten the next one's.
    if (book.identity && !sameContent(left.update, right.update)) book.identity = false;
    return;
  }
  if (book.scope !== scope) endScope(book);
  book.scope = scope;
  book.before ??= left.update;
  book.after = right.update;
  book.bytesBefore ||= left.bytes;
  book.bytesAfter = right.bytes;
}

function endScope(book: Book): void {
  if (book.before && book.after) book.distortions.push(distortion(book.before, book.after));
  book.before = null;
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
  if (isNumbers(a) && isNumbers(b))
    return (
      a.length === b.length && a.every((value, i) => value === b[i] || (Number.isNaN(value) && Number.isNaN(b[i])))
    );
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => sameContent(a[key], b[key]));
}

const isNumbers = (value: object): value is FloatArray =>
  value instanceof Float32Array || value instanceof Float64Array;

/** `measures`: whether the distortion of an upload says something; that of a masked or encrypted one does not. */
export function closeBook(defense: string, book: Book, measures: boolean): Receipt {
  endScope(book);
  const change = book.distortions.length > 0 ? meanDistortion(book.distortions) : null;
  return {
    defense,
    distortion: measures ? change : null,
    bytesBefore: book.bytesBefore,
    bytesAfter: book.bytesAfter,
    peerBytes: book.peerBytes,
    milliseconds: book.milliseconds,
    identity: book.identity && (change?.identity ?? true),
  };
}

// What is on the wire in secure aggregation besides masked uploads: advertised keys, sealed shares, and what is revealed to unmask the sum.
import type { ClientId } from "../../federated/hooks.js";
import { KEY_BYTES } from "./masks.js";

export class SecureAggregationError extends Error {
  override name = "SecureAggregationError";
}

const kinds = { advert: 1, shares: 2, answer: 3 } as const;
export type Kind = keyof typeof kinds;

export interface Advert {
  /** For the channel to each peer, and for the pair's mask. */
  readonly channelKey: Uint8Array;
  readonly maskKey: Uint8Array;
  /** SHA-256 of the seed of the client's own mask: an altered share of it is noticed. */
  readonly commitment: Uint8Array;
  /** In the average: the number of samples, or 1. In the clear, as sample counts are in this federation. */
  readonly weight: number;
}

/** One share of one client's secret: of its mask key when it dropped out, of its own mask's seed when it did not. */
export interface Revealed {
  readonly client: ClientId;
  readonly of: "mask-key" | "seed";
  readonly share: Uint8Array;
}

export interface Answer {
  /** What the client bound its masks to. */
  readonly binding: Uint8Array;
  readonly revealed: readonly Revealed[];
}

/** Point and value bytes of a share of a key. */
const SHARE_BYTES = KEY_BYTES + 1;
const ADVERT_BYTES = 1 + 3 * KEY_BYTES + 8;
const REVEALED_BYTES = 4 + 1 + SHARE_BYTES;

/** Throws SecureAggregationError on a message of no kind. */
export function kindOf(body: Uint8Array): Kind {
  const kind = (Object.keys(kinds) as Kind[]).find((name) => kinds[name] === body[0]);
  if (!kind) throw new SecureAggregationError(`a message of secure aggregation begins with 1, 2 or 3, got ${body[0]}`);
  return kind;
}

const viewOf = (body: Uint8Array) => new DataView(body.buffer, body.byteOffset, body.byteLength);

function checkLength(kind: Kind, body: Uint8Array, fits: (length: number) => boolean): void {
  if (kindOf(body) === kind && fits(body.length)) return;
  throw new SecureAggregationError(`this is no ${kind} message: ${body.length} bytes that begin with ${body[0]}`);
}

export function packAdvert({ channelKey, maskKey, commitment, weight }: Advert): Uint8Array {
  const body = new Uint8Array(ADVERT_BYTES);
  body.set([kinds.advert, ...channelKey, ...maskKey, ...commitment]);
  viewOf(body).setFloat64(ADVERT_BYTES - 8, weight);
  return body;
}

export function readAdvert(body: Uint8Array): Advert {
  checkLength("advert", body, (length) => length === ADVERT_BYTES);
  const key = (position: number) => body.slice(1 + position * KEY_BYTES, 1 + (position + 1) * KEY_BYTES);
  return {
    channelKey: key(0),
    maskKey: key(1),
    commitment: key(2),
    weight: viewOf(body).getFloat64(ADVERT_BYTES - 8),
  };
}

export interface Shares {
  readonly from: ClientId;
  readonly to: ClientId;
  readonly maskKey: Uint8Array;
  readonly seed: Uint8Array;
}

export function packShares({ from, to, maskKey, seed }: Shares): Uint8Array {
  const body = new Uint8Array(8 + 2 * SHARE_BYTES);
  viewOf(body).setUint32(0, from);
  viewOf(body).setUint32(4, to);
  body.set(maskKey, 8);
  body.set(seed, 8 + SHARE_BYTES);
  return body;
}

export const readShares = (body: Uint8Array): Shares => ({
  from: viewOf(body).getUint32(0),
  to: viewOf(body).getUint32(4),
  maskKey: body.slice(8, 8 + SHARE_BYTES),
  seed: body.slice(8 + SHARE_BYTES, 8 + 2 * SHARE_BYTES),
});

export const packSealed = (sealed: Uint8Array): Uint8Array => Uint8Array.of(kinds.shares, ...sealed);

export function readSealed(body: Uint8Array): Uint8Array {
  checkLength("shares", body, (length) => length > 1);
  return body.slice(1);
}

export function packAnswer({ binding, revealed }: Answer): Uint8Array {
  const body = new Uint8Array(1 + KEY_BYTES + REVEALED_BYTES * revealed.length);
  body.set([kinds.answer, ...binding]);
  revealed.forEach(({ client, of, share }, i) => {
    const start = 1 + KEY_BYTES + REVEALED_BYTES * i;
    viewOf(body).setUint32(start, client);
    body[start + 4] = of === "seed" ? 1 : 0;
    body.set(share, start + 5);
  });
  return body;
}

export function readAnswer(body: Uint8Array): Answer {
  checkLength("answer", body, (length) => length > KEY_BYTES && (length - 1 - KEY_BYTES) % REVEALED_BYTES === 0);
  const count = (body.length - 1 - KEY_BYTES) / REVEALED_BYTES;
  const revealed = Array.from({ length: count }, (_, i): Revealed => {
    const start = 1 + KEY_BYTES + REVEALED_BYTES * i;
    const of = body[start + 4] === 1 ? "seed" : "mask-key";
    return { client: viewOf(body).getUint32(start), of, share: body.slice(start + 5, start + REVEALED_BYTES) };
  });
  return { binding: body.slice(1, 1 + KEY_BYTES), revealed };
}

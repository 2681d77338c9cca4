// Keys and masks of secure aggregation: X25519 agreement, HKDF-SHA256 for a key per purpose, and ChaCha20's keystream read as 32-bit words.
import { chacha20 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Payload } from "../../federated/hooks.js";
import type { Random } from "../../math/random.js";

export const KEY_BYTES = 32;
/** Every key is used for one message or mask, so that the nonce need not change. */
export const NONCE = new Uint8Array(12);

/** The simulation's keys come from its seed; a real client's must come from its operating system. */
export const randomBytes = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.uint32() >>> 24);

/** The key for one purpose, which `info` names, out of what two parties agreed on. */
export const deriveKey = (agreed: Uint8Array, info: string, binding: Uint8Array = new Uint8Array(0)): Uint8Array =>
  hkdf(sha256, agreed, undefined, Uint8Array.of(...new TextEncoder().encode(info), ...binding), KEY_BYTES);

/** The key of the mask that a pair shares in a round. A binding other than their peer's gives masks that do not cancel. */
export const pairKey = (secret: Uint8Array, publicKey: Uint8Array, round: number, binding: Uint8Array): Uint8Array =>
  deriveKey(x25519.getSharedSecret(secret, publicKey), `mask|${round}|`, binding);

/** Adds the key's mask to `sum` modulo 2^32, or takes it away. */
export function addMask(sum: Uint32Array, key: Uint8Array, sign: 1 | -1): void {
  const mask = new Uint32Array(chacha20(key, NONCE, new Uint8Array(4 * sum.length)).buffer);
  for (let i = 0; i < sum.length; i++) sum[i]! += sign * mask[i]!;
}

/** Of the pair's mask, at the party `own`: the one with the higher number adds it. */
export const signOf = (own: number, peer: number): 1 | -1 => (peer < own ? 1 : -1);

const digests = new WeakMap<Payload, Uint8Array>();

/** SHA-256 over the model's id and over the names, shapes and bytes of its weights. */
export function digestOf(payload: Payload): Uint8Array {
  const known = digests.get(payload);
  if (known) return known;
  const hash = sha256.create().update(new TextEncoder().encode(payload.model.id));
  for (const [name, { shape, data }] of payload.weights) {
    hash.update(new TextEncoder().encode(`|${name}|${shape.join("x")}|`));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const digest = hash.digest();
  digests.set(payload, digest);
  return digest;
}

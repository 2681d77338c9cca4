// A client of secure aggregation (Bonawitz et al., CCS 2017, figure 4, without the PKI of the active model): it advertises keys, shares its
// secrets, masks its input, and reveals one share per client, once. What comes out of order or altered is refused.
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ClientId } from "../../federated/hooks.js";
import type { Random } from "../../math/random.js";
import { addMask, deriveKey, KEY_BYTES, NONCE, pairKey, randomBytes, signOf } from "./masks.js";
import {
  type Advert,
  packAdvert,
  packAnswer,
  packSealed,
  packShares,
  readAdvert,
  readSealed,
  readShares,
  SecureAggregationError,
  type Shares,
} from "./secure-aggregation-messages.js";
import { MOST_SHARES, splitSecret } from "./shamir.js";

export interface PartyOptions {
  readonly client: ClientId;
  readonly round: number;
  /** In the average. */
  readonly weight: number;
  /** Shares that it takes to unmask a sum of so many clients. */
  readonly threshold: (clients: number) => number;
  readonly random: Random;
}

/** What a client has to know of the cohort to encode its input. */
export interface Cohort {
  /** Those who advertised keys. */
  readonly clients: number;
  readonly largestWeight: number;
}

export interface Party {
  /** R0: what it tells everybody. */
  advertise(): Uint8Array;
  /** R1: one message for each peer, from what they advertised. */
  share(adverts: ReadonlyMap<ClientId, Uint8Array>): Map<ClientId, Uint8Array>;
  /** Keeps the peers' shares; those who sent none take no part in the masks. */
  receive(sealed: ReadonlyMap<ClientId, Uint8Array>): void;
  readonly cohort: Cohort;
  readonly weight: number;
  /** R2: `values` modulo 2^32 under masks bound to `binding`. */
  mask(values: Uint32Array, binding: Uint8Array): Uint32Array;
  /** R4: for every client whose shares it holds the one share that unmasks the sum; null, and nothing ever after, below the threshold. */
  reveal(survivors: readonly ClientId[]): Uint8Array | null;
}

const stages = ["new", "advertised", "shared", "ready", "masked", "done"] as const;
type Stage = (typeof stages)[number];

/** All functions throw SecureAggregationError when they are called out of order or on what was altered. */
export function createParty({ client, round, weight, threshold, random }: PartyOptions): Party {
  const channel = x25519.keygen(randomBytes(random, KEY_BYTES));
  const masking = x25519.keygen(randomBytes(random, KEY_BYTES));
  const seed = randomBytes(random, KEY_BYTES);
  const own: Advert = {
    channelKey: channel.publicKey,
    maskKey: masking.publicKey,
    commitment: sha256(seed),
    weight,
  };
  let stage: Stage = "new";
  let peers = new Map<ClientId, Advert>();
  let needed = 0;
  /** By the client whose secret they are of. */
  const held = new Map<ClientId, Shares>();
  const agreed = new Map<ClientId, Uint8Array>();
  let bound: Uint8Array = new Uint8Array(KEY_BYTES);

  const fail = (text: string): never => {
    throw new SecureAggregationError(`round ${round}, client ${client}: ${text}`);
  };
  function advance(from: Stage, to: Stage, what: string): void {
    if (stage !== from) fail(`asked to ${what} when it is at "${stage}"; that is done once, at "${from}"`);
    stage = to;
  }
  /** The key for a message to or from `peer`; what both agreed on is computed once. */
  function channelKey(peer: ClientId, from: ClientId, to: ClientId): Uint8Array {
    const secret = agreed.get(peer) ?? x25519.getSharedSecret(channel.secretKey, peers.get(peer)!.channelKey);
    agreed.set(peer, secret);
    return deriveKey(secret, `channel|${round}|${from}|${to}`);
  }

  function checkKeys(): void {
    const keys = [own, ...peers.values()].flatMap(({ channelKey, maskKey }) => [channelKey, maskKey].map(String));
    if (new Set(keys).size !== keys.length) fail("two of the advertised keys are the same");
  }

  return {
    advertise() {
      advance("new", "advertised", "advertise its keys");
      return packAdvert(own);
    },

    share(adverts) {
      advance("advertised", "shared", "share its secrets");
      peers = new Map([...adverts].map(([peer, body]) => [peer, readAdvert(body)]));
      checkKeys();
      const members = [client, ...peers.keys()].sort((a, b) => a - b);
      if (members.length > MOST_SHARES)
        fail(`${members.length} clients; secrets are shared among up to ${MOST_SHARES}`);
      needed = threshold(members.length);
      const bytes = (length: number) => randomBytes(random, length);
      const ofKey = splitSecret(masking.secretKey, needed, members.length, bytes);
      const ofSeed = splitSecret(seed, needed, members.length, bytes);
      const sealed = new Map<ClientId, Uint8Array>();
      members.forEach((to, i) => {
        const shares = { from: client, to, maskKey: ofKey[i]!, seed: ofSeed[i]! };
        if (to === client) held.set(client, shares);
        else {
          const cipher = chacha20poly1305(channelKey(to, client, to), NONCE);
          sealed.set(to, packSealed(cipher.encrypt(packShares(shares))));
        }
      });
      return sealed;
    },

    receive(sealed) {
      advance("shared", "ready", "receive shares");
      for (const [from, body] of sealed) {
        if (!peers.has(from)) fail(`shares came from client ${from}, which advertised no keys`);
        held.set(from, open(from, body));
      }
      if (held.size < needed) fail(`shares of ${held.size} clients arrived, the threshold is ${needed}; it stops here`);
    },

    get cohort() {
      const weights = [weight, ...[...peers.values()].map((peer) => peer.weight)];
      return { clients: weights.length, largestWeight: Math.max(...weights) };
    },

    weight,

    mask(values, binding) {
      advance("ready", "masked", "mask its input");
      bound = Uint8Array.from(binding);
      const masked = values.slice();
      addMask(masked, seed, 1);
      for (const peer of held.keys()) {
        if (peer === client) continue;
        addMask(masked, pairKey(masking.secretKey, peers.get(peer)!.maskKey, round, bound), signOf(client, peer));
      }
      return masked;
    },

    reveal(survivors) {
      advance("masked", "done", "reveal shares");
      const strange = survivors.find((each) => !held.has(each));
      if (strange !== undefined) fail(`it is told that client ${strange} survived, of which it holds no share`);
      if (survivors.length < needed) return null;
      const revealed = [...held].map(([from, { maskKey, seed: ofSeed }]) =>
        survivors.includes(from)
          ? ({ client: from, of: "seed", share: ofSeed } as const)
          : ({ client: from, of: "mask-key", share: maskKey } as const),
      );
      return packAnswer({ binding: bound, revealed });
    },
  };

  function open(from: ClientId, body: Uint8Array): Shares {
    let shares: Shares;
    try {
      shares = readShares(chacha20poly1305(channelKey(from, from, client), NONCE).decrypt(readSealed(body)));
    } catch (cause) {
      throw new SecureAggregationError(
        `round ${round}, client ${client}: the shares of client ${from} were altered on the way; it stops here`,
        { cause },
      );
    }
    if (shares.from !== from || shares.to !== client) {
      fail(`client ${from} sent shares that client ${shares.from} made for client ${shares.to}`);
    }
    return shares;
  }
}

// The server of secure aggregation: from masked inputs and revealed shares to the sum of the survivors' inputs, and to nothing else.
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ClientId } from "../../federated/hooks.js";
import { addMask, pairKey, signOf } from "./masks.js";
import { type Advert, type Answer, type Revealed, SecureAggregationError } from "./secure-aggregation-messages.js";
import { combineShares } from "./shamir.js";

export interface Unmasking {
  readonly round: number;
  readonly threshold: number;
  /** Of everybody who advertised, in order of their numbers. */
  readonly adverts: ReadonlyMap<ClientId, Advert>;
  /** Masked inputs of those who survived. */
  readonly inputs: ReadonlyMap<ClientId, Uint32Array>;
  readonly answers: ReadonlyMap<ClientId, Answer>;
}

/**
 * Σ inputs modulo 2^32 without its masks. Throws SecureAggregationError when fewer answered than the threshold asks for, or when shares do
 * not give what was advertised.
 */
export function unmask({ round, threshold, adverts, inputs, answers }: Unmasking): Uint32Array {
  const fail = (text: string): never => {
    throw new SecureAggregationError(`secure aggregation of round ${round} failed: ${text}`);
  };
  if (answers.size < threshold) {
    fail(
      `${answers.size} of ${adverts.size} clients answered to the end, the threshold is ${threshold}; nothing was revealed. ` +
        "Play another round, or lower the defense's threshold",
    );
  }
  const sum = sumOf([...inputs.values()], fail);
  const shared = new Set([...answers.values()].flatMap(({ revealed }) => revealed.map(({ client }) => client)));
  for (const client of shared) {
    const survived = inputs.has(client);
    const secret = recover(client, survived ? "seed" : "mask-key");
    if (survived) addMask(sum, secret, -1);
    else takeOffPairs(client, secret);
  }
  return sum;

  function recover(client: ClientId, of: Revealed["of"]): Uint8Array {
    const found = [...answers.values()].flatMap(({ revealed }) =>
      revealed.flatMap((each) => (each.client === client && each.of === of ? [each.share] : [])),
    );
    if (found.length < threshold) {
      fail(`${found.length} shares of client ${client}'s ${of} were revealed, the threshold is ${threshold}`);
    }
    const secret = combineShares(found.slice(0, threshold));
    const { maskKey, commitment } = adverts.get(client)!;
    const fits = of === "seed" ? same(sha256(secret), commitment) : same(x25519.getPublicKey(secret), maskKey);
    if (!fits) fail(`the shares of client ${client}'s ${of} do not give what it advertised: one of them was altered`);
    return secret;
  }

  /** The masks that survivors share with a client that dropped out, of which no second half arrived. */
  function takeOffPairs(dropped: ClientId, secret: Uint8Array): void {
    for (const survivor of inputs.keys()) {
      const { binding } = answers.get(survivor) ?? [...answers.values()][0]!;
      const key = pairKey(secret, adverts.get(survivor)!.maskKey, round, binding);
      addMask(sum, key, signOf(survivor, dropped) === 1 ? -1 : 1);
    }
  }
}

function sumOf(inputs: readonly Uint32Array[], fail: (text: string) => never): Uint32Array {
  const [first, ...others] = inputs;
  const sum = first!.slice();
  for (const other of others) {
    if (other.length !== sum.length) fail(`clients masked ${sum.length} and ${other.length} numbers`);
    for (let i = 0; i < sum.length; i++) sum[i]! += other[i]!;
  }
  return sum;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

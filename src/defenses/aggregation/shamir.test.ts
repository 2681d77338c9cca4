import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { randomBytes } from "./masks.js";
import { combineShares, ShamirError, splitSecret } from "./shamir.js";

const random = createRandom(1);
const bytes = (length: number) => randomBytes(random, length);

describe("splitSecret and combineShares", () => {
  it("give the secret back from any threshold of shares, in any order, and from more", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 1000 }),
        (secret, threshold, spare, seed) => {
          const shares = createRandom(seed).shuffle(splitSecret(secret, threshold, threshold + spare, bytes));
          expect(combineShares(shares.slice(0, threshold))).toEqual(secret);
          expect(combineShares(shares)).toEqual(secret);
        },
      ),
    );
  });

  // GF(2^8) with the polynomial of AES: 0x53 times 0xca is 1 (FIPS 197, section 4.2). With secret 0x53 and slope 1 the share at x is 0x53 + x.
  it("computes in the field of AES", () => {
    const shares = splitSecret(Uint8Array.of(0x53), 2, 3, () => Uint8Array.of(0xca));
    expect(shares[0]).toEqual(Uint8Array.of(1, 0x53 ^ 0xca));
    const double = ((0xca << 1) ^ 0x11b) & 0xff;
    expect(shares[1]).toEqual(Uint8Array.of(2, 0x53 ^ double));
    expect(splitSecret(Uint8Array.of(0), 2, 0x53, () => Uint8Array.of(0xca))[0x52]![1]).toBe(1);
  });

  it("leaves all 256 values of a secret byte possible with one share too few, each for one value of the last share", () => {
    const shares = splitSecret(Uint8Array.of(77), 3, 5, bytes);
    const known = shares.slice(1, 3);
    const secrets = Array.from({ length: 256 }, (_, guess) => combineShares([...known, Uint8Array.of(5, guess)])[0]);
    expect(new Set(secrets).size).toBe(256);
  });

  it.each<[string, () => unknown]>([
    ["a threshold above the count", () => splitSecret(Uint8Array.of(1), 4, 3, bytes)],
    ["a threshold of none", () => splitSecret(Uint8Array.of(1), 0, 3, bytes)],
    ["more shares than points", () => splitSecret(Uint8Array.of(1), 2, 256, bytes)],
    ["no share", () => combineShares([])],
    ["a share twice", () => combineShares([Uint8Array.of(1, 2), Uint8Array.of(1, 2)])],
    ["a share of the secret's own point", () => combineShares([Uint8Array.of(0, 2), Uint8Array.of(1, 2)])],
    ["shares of different secrets", () => combineShares([Uint8Array.of(1, 2), Uint8Array.of(2, 2, 2)])],
  ])("refuses %s", (_, act) => {
    expect(act).toThrow(ShamirError);
  });

  it("shares with 255 parties", () => {
    const secret = bytes(32);
    const shares = splitSecret(secret, 171, 255, bytes);
    expect(combineShares(shares.slice(84))).toEqual(secret);
  });
});

// Shamir's secret sharing, byte by byte over GF(2^8) with the field polynomial of AES (Shamir 1979; spec/defenses.md section 3): any
// `threshold` shares give the secret, fewer leave every value of every byte possible.

export class ShamirError extends Error {
  override name = "ShamirError";
}

/** Points other than 0 of the field: no more parties than that can hold a share. */
export const MOST_SHARES = 255;

const FIELD = 0x11b;

// Powers of the generator 3, twice over, so that a sum of two logarithms needs no reduction.
const exponentials = new Uint8Array(2 * MOST_SHARES);
const logarithms = new Uint8Array(MOST_SHARES + 1);
for (let power = 0, value = 1; power < MOST_SHARES; power++) {
  exponentials[power] = value;
  exponentials[power + MOST_SHARES] = value;
  logarithms[value] = power;
  const doubled = value << 1;
  value = (doubled ^ value ^ (doubled & 0x100 ? FIELD : 0)) & 0xff;
}

const multiply = (a: number, b: number): number =>
  a === 0 || b === 0 ? 0 : exponentials[logarithms[a]! + logarithms[b]!]!;
const divide = (a: number, b: number): number =>
  a === 0 ? 0 : exponentials[logarithms[a]! + MOST_SHARES - logarithms[b]!]!;

/**
 * `count` shares of `secret`, of which any `threshold` give it back: byte 0 is the point (1, 2, ...), the rest the values there. `randomBytes`
 * gives the polynomials' other coefficients. Throws ShamirError unless 1 <= threshold <= count <= 255.
 */
export function splitSecret(
  secret: Uint8Array,
  threshold: number,
  count: number,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array[] {
  if (!(Number.isInteger(threshold) && Number.isInteger(count) && threshold >= 1 && threshold <= count)) {
    throw new ShamirError(`a threshold is a whole number from 1 to the count of shares, got ${threshold} of ${count}`);
  }
  if (count > MOST_SHARES) throw new ShamirError(`a secret has up to ${MOST_SHARES} shares, ${count} were asked for`);
  const coefficients = [secret, ...Array.from({ length: threshold - 1 }, () => randomBytes(secret.length))];
  return Array.from({ length: count }, (_, i) => {
    const point = i + 1;
    const share = new Uint8Array(secret.length + 1);
    share[0] = point;
    for (let byte = 0; byte < secret.length; byte++) {
      share[byte + 1] = coefficients.reduceRight((value, each) => multiply(value, point) ^ each[byte]!, 0);
    }
    return share;
  });
}

/**
 * The secret behind shares of one split, `threshold` of them or more; shares of different ones, or too few, give noise. Throws ShamirError
 * when there are none, when their lengths differ, or when two are of the same point.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const [first] = shares;
  if (!first) throw new ShamirError("no share to combine");
  const points = shares.map((share) => share[0]!);
  if (shares.some(({ length }) => length !== first.length)) throw new ShamirError("shares of different lengths");
  if (points.includes(0) || new Set(points).size !== points.length) {
    throw new ShamirError(`shares stand for points ${points.join(", ")}; they must differ, and none may be 0`);
  }
  // Lagrange's basis at 0; in this field minus is plus.
  const basis = points.map((own) =>
    points.reduce((product, other) => (other === own ? product : multiply(product, divide(other, other ^ own))), 1),
  );
  return Uint8Array.from({ length: first.length - 1 }, (_, byte) =>
    shares.reduce((sum, share, i) => sum ^ multiply(basis[i]!, share[byte + 1]!), 0),
  );
}

// Known answers published with Random123 for threefry2x32 at 20 rounds.
import { describe, expect, it } from "vitest";
import { threefry2x32 } from "./threefry.js";

const cases = [
  { counter: [0, 0], key: [0, 0], answer: [0x6b200159, 0x99ba4efe] },
  { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], answer: [0x1cb996fc, 0xbb002be7] },
  { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], answer: [0xc4923a9c, 0x483df7a0] },
] as const;

describe("threefry2x32", () => {
  it.each(cases)("gives the published words for counter $counter", ({ counter, key, answer }) => {
    const out = new Uint32Array(2);
    threefry2x32(key[0], key[1], counter[0], counter[1], out);
    expect([...out]).toEqual(answer);
  });

  it("flips about half of the output bits when one counter bit flips", () => {
    const out = new Uint32Array(2);
    const other = new Uint32Array(2);
    let flipped = 0;
    for (let i = 0; i < 1000; i++) {
      threefry2x32(1, 2, i, 7, out);
      threefry2x32(1, 2, i ^ (1 << (i % 32)), 7, other);
      for (let w = 0; w < 2; w++) for (let v = out[w]! ^ other[w]!; v !== 0; v &= v - 1) flipped++;
    }
    expect(flipped / 64_000).toBeCloseTo(0.5, 2);
  });
});

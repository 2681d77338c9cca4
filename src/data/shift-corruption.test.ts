import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { corrupt, roundBlocks } from "./shift-corruption.js";

const random = createRandom(7);
const byte = (values: Float64Array) => Array.from(values, (value) => Math.round(255 * value * 1000) / 1000);
/** One wave of the transform on middle grey: `amount` bytes of coefficient (u, 0), u > 0. */
const wave = (u: number, amount: number) =>
  Float64Array.from(
    { length: 64 },
    (_, i) => 0.5 + (amount / 255 / Math.sqrt(32)) * Math.cos(((2 * (i % 8) + 1) * u * Math.PI) / 16),
  );

describe("the blocks of a corrupted picture", () => {
  it("round their mean to steps of two bytes, and each wave to steps of its own", () => {
    const flat = new Float64Array(64).fill(0.5 + 2.9 / 255);
    roundBlocks(flat, 8, 8, 1);
    expect(byte(flat)).toEqual(byte(new Float64Array(64).fill(0.5 + 2 / 255)));
    // Wave 3 has steps of 16 + 7 * 3 = 37 bytes.
    for (const [amount, rounded] of [
      [18, 0],
      [19, 37],
      [60, 74],
    ] as const) {
      const block = wave(3, amount);
      roundBlocks(block, 8, 8, 1);
      expect(byte(block)).toEqual(byte(wave(3, rounded)));
    }
  });

  it("lose at most half a step of every wave, in any size, and nothing at severity 0", () => {
    let steps = 0;
    for (let u = 0; u < 8; u++) for (let v = 0; v < 8; v++) steps += ((16 + 7 * (u + v)) / 255 / 2) ** 2;
    const edge = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(
        edge,
        edge,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (height, width, severity, seed) => {
          const before = new Float64Array(height * width);
          createRandom(seed).fillUniform(before, 0, 1);
          const after = before.slice();
          roundBlocks(after, height, width, severity);
          const lost = before.reduce((sum, value, i) => sum + (value - after[i]!) ** 2, 0);
          const blocks = Math.ceil(height / 8) * Math.ceil(width / 8);
          expect(lost).toBeLessThanOrEqual(steps * blocks * severity ** 2 + 1e-20);
        },
      ),
    );
  });
});

describe("a corrupted picture", () => {
  it("is blurred and paler, and its noise is that of the stream", () => {
    const extent = { channels: 1, height: 32, width: 32 };
    // Left half black, right half white.
    const edge = () => Float64Array.from({ length: 1024 }, (_, i) => (i % 32 < 16 ? 0 : 1));
    const picture = edge();
    corrupt(picture, extent, 1, random.split("edge"));
    const mean = (from: number, to: number) => {
      const inside = picture.filter((_, i) => i % 32 >= from && i % 32 < to);
      return inside.reduce((sum, value) => sum + value, 0) / inside.length;
    };
    expect(mean(0, 8)).toBeCloseTo(0.2, 1);
    expect(mean(24, 32)).toBeCloseTo(0.8, 1);
    // Beside the edge two of five pixels in reach are of the other side: 0.2 + 0.6 * 2 / 5.
    expect(mean(15, 16)).toBeCloseTo(0.44, 1);
    expect(mean(16, 17)).toBeCloseTo(0.56, 1);
    const again = edge();
    corrupt(again, extent, 1, random.split("edge"));
    expect(again).toEqual(picture);
  });
});

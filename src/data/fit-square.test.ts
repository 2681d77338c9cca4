import { describe, expect, it } from "vitest";
import { fitSquare } from "./fit-square.js";

/** Planar RGB: the value of channel c at (y, x). */
function picture(height: number, width: number, value: (c: number, y: number, x: number) => number) {
  const data = Uint8Array.from({ length: 3 * height * width }, (_, i) =>
    value(Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width),
  );
  return { shape: [3, height, width] as const, data };
}

describe("fitSquare", () => {
  it("keeps a square of the right size", () => {
    const same = picture(5, 5, (c, y, x) => 50 * c + 5 * y + x);
    expect(fitSquare(same, 5)).toEqual(same.data);
  });

  it("crops the middle of a wide and of a tall picture", () => {
    expect([
      ...fitSquare(
        picture(2, 6, (_, y, x) => 10 * y + x),
        2,
      ).subarray(0, 4),
    ]).toEqual([2, 3, 12, 13]);
    expect([
      ...fitSquare(
        picture(7, 2, (_, y, x) => 10 * y + x),
        2,
      ).subarray(0, 4),
    ]).toEqual([20, 21, 30, 31]);
  });

  it("averages areas when shrinking, also where pixels are shared", () => {
    const half = fitSquare(
      picture(4, 4, (c, y, x) => 40 * c + 4 * y + x),
      2,
    );
    expect([...half.subarray(0, 4)]).toEqual([3, 5, 11, 13]);
    // 3 → 2: the middle column belongs to both halves: (0 + 0.5 · 90) / 1.5 and (0.5 · 90 + 240) / 1.5.
    const shared = fitSquare(
      picture(3, 3, (_, __, x) => [0, 90, 240][x]!),
      2,
    );
    expect([...shared.subarray(0, 2)]).toEqual([30, 190]);
  });

  it("interpolates when growing, without leaving the range", () => {
    const grown = fitSquare(
      picture(2, 2, (_, __, x) => 100 * x),
      4,
    );
    expect([...grown.subarray(0, 4)]).toEqual([0, 25, 75, 100]);
    expect(
      new Set(
        fitSquare(
          picture(3, 3, () => 200),
          64,
        ),
      ),
    ).toEqual(new Set([200]));
    expect(
      new Set(
        fitSquare(
          picture(97, 61, () => 201),
          32,
        ),
      ),
    ).toEqual(new Set([201]));
  });
});

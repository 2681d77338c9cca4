import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { drawTrapRows, scaled, tuneFactor } from "./trap-rows.js";

const [ROWS, COLUMNS] = [300, 192];
const traps = drawTrapRows(ROWS, COLUMNS, 0.5, createRandom(1));
const rowOf = (data: Float64Array, row: number) => data.subarray(row * COLUMNS, (row + 1) * COLUMNS);

/** Smooth pictures: neighbouring pixels are alike, brightness differs. */
function pictures(count: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const data = new Float64Array(count * COLUMNS);
  for (let image = 0; image < count; image++) {
    const [level, slope, wave] = [0.2 + 0.5 * random.uniform(), 0.2 * random.normal(), 7 * random.uniform()];
    for (let i = 0; i < COLUMNS; i++) {
      const value = level + (slope * i) / COLUMNS + 0.15 * Math.sin(wave + i / 9) + 0.03 * random.normal();
      data[image * COLUMNS + i] = Math.min(1, Math.max(0, value));
    }
  }
  return data;
}

describe("drawTrapRows", () => {
  it("gives rows whose positive half is the negative half with the other sign, of the deviation asked for", () => {
    let squares = 0;
    for (let row = 0; row < ROWS; row++) {
      const values = Array.from(rowOf(traps.data, row));
      const negative = values.filter((value) => value < 0).sort((a, b) => b - a);
      const positive = values.filter((value) => value > 0).sort((a, b) => a - b);
      expect(positive).toEqual(negative.map((value) => -value));
      expect(positive).toHaveLength(COLUMNS / 2);
      squares += values.reduce((sum, value) => sum + value * value, 0);
    }
    expect(Math.sqrt(squares / (ROWS * COLUMNS))).toBeCloseTo(0.5, 1);
  });

  it("leaves negative weights alone when it scales", () => {
    scaled(traps, 0.9).forEach((value, i) => {
      expect(value).toBe(traps.data[i]! > 0 ? 0.9 * traps.data[i]! : traps.data[i]);
    });
  });
});

describe("tuneFactor", () => {
  /** Share of the images of a batch that are alone in some row. */
  function recall(factor: number, batch: Float64Array, images: number): number {
    const weights = scaled(traps, factor);
    const alone = new Set<number>();
    for (let row = 0; row < ROWS; row++) {
      const firing = Array.from({ length: images }, (_, image) => image).filter((image) => {
        let sum = 0;
        for (let i = 0; i < COLUMNS; i++) sum += weights[row * COLUMNS + i]! * batch[image * COLUMNS + i]!;
        return sum > 0;
      });
      if (firing.length === 1) alone.add(firing[0]!);
    }
    return alone.size / images;
  }

  it("finds the interior maximum: both neighbouring extremes isolate fewer of other pictures", () => {
    const factor = tuneFactor(traps, pictures(100, 2), 100, 10, createRandom(3));
    const batches = [4, 5, 6, 7, 8, 9].map((seed) => pictures(10, seed));
    const mean = (at: number) => batches.reduce((sum, batch) => sum + recall(at, batch, 10), 0) / batches.length;
    expect(factor).toBeGreaterThan(0.7);
    expect(factor).toBeLessThan(0.995);
    expect(mean(factor)).toBeGreaterThan(mean(0.7) + 0.2);
    expect(mean(factor)).toBeGreaterThan(mean(0.995) + 0.2);
  });
});

import { describe, expect, it } from "vitest";
import { scaleSources } from "./cocktail-party-scale.js";

// Two mixtures of four positions each, already separate: the first is -2 times a reading, the second 0.5 times another.
const readings = [
  [0.2, 0.4, 0.9, 0.5],
  [0.7, 0.1, 0.3, 0.6],
];
const factors = [-2, 0.5];
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const separate = {
  count: 2,
  mixtures: Float64Array.from(readings.flatMap((own, i) => own.map((value) => factors[i]! * (value - mean(own))))),
  offsets: Float64Array.from(readings, (own, i) => factors[i]! * mean(own)),
  biases: Float64Array.from(factors),
};
const identity = Float64Array.from([1, 0, 0, 1]);
const pixels = (): [number, number] => [0, 1];
const close = (got: Float64Array, want: readonly number[]) =>
  want.forEach((value, i) => {
    expect(got[i]).toBeCloseTo(value, 12);
  });

describe("scaleSources", () => {
  it("by the bias gives back exactly what was read", () => {
    const { readings: got, stretched, guessed } = scaleSources(separate, identity, pixels);
    close(got, readings.flat());
    expect([stretched, guessed]).toEqual([0, 0]);
  });

  it("without a bias stretches each source over the range, its sign from what cannot be negative", () => {
    const { readings: got, stretched, guessed } = scaleSources({ ...separate, biases: undefined }, identity, pixels);
    close(got, [0, 0.2 / 0.7, 1, 0.3 / 0.7, 1, 0, 0.2 / 0.6, 0.5 / 0.6]);
    expect([stretched, guessed]).toEqual([2, 0]);
  });

  it("says that a sign is a guess where what is read may be of either", () => {
    const result = scaleSources({ ...separate, biases: undefined }, identity, () => [-2, 2]);
    expect([result.stretched, result.guessed]).toEqual([2, 2]);
  });

  it("stretches what the bias would bring far out of the range, with the sign that the bias tells", () => {
    const faint = { ...separate, biases: Float64Array.from([-0.01, 0.5]) };
    const { readings: got, stretched, guessed } = scaleSources(faint, identity, pixels);
    close(got.subarray(0, 4), [0, 0.2 / 0.7, 1, 0.3 / 0.7]);
    close(got.subarray(4), readings[1]!);
    expect([stretched, guessed]).toEqual([1, 0]);
  });

  it("leaves a source as it is where any value may be read", () => {
    const { readings: got } = scaleSources({ ...separate, biases: undefined }, identity);
    close(
      got,
      readings.flatMap((own, i) => own.map((value) => Math.abs(factors[i]!) * value)),
    );
  });
});

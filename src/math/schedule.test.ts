import { describe, expect, it } from "vitest";
import { multiStepDecay } from "./schedule.js";

describe("multiStepDecay", () => {
  it("drops tenfold exactly at 3/8, 5/8 and 7/8", () => {
    const drops = [0, 8999, 9000, 14_999, 15_000, 20_999, 21_000, 23_999].map((i) => multiStepDecay(i, 24_000));
    expect(drops).toEqual([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
  });

  it("handles short runs", () => {
    expect(multiStepDecay(0, 1)).toBe(1);
    expect([0, 1, 2].map((i) => multiStepDecay(i, 3))).toEqual([1, 1, 0.01]);
  });
});

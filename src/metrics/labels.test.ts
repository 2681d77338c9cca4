// Exact values of the count-based label accuracy.
import { describe, expect, it } from "vitest";
import { labelAccuracy } from "./labels.js";

describe("labelAccuracy", () => {
  it("compares counts, not positions", () => {
    expect(labelAccuracy([0, 1, 1], [0, 1, 2])).toEqual({ value: expect.closeTo(2 / 3, 15) });
    expect(labelAccuracy([2, 0, 1], [0, 1, 2])).toEqual({ value: 1 });
    expect(labelAccuracy([3, 3], [1, 2])).toEqual({ value: 0 });
  });

  it("is null with a reason where the counts cannot be compared", () => {
    expect(labelAccuracy([], [])).toEqual({ value: null, reason: "the batch has no labels" });
    expect(labelAccuracy([], [1, 2])).toEqual({ value: null, reason: "0 labels were recovered for a batch of 2" });
  });
});

// Cutting, clamping and planes of pictures.
import { describe, expect, it } from "vitest";
import { tensor } from "../math/tensor.js";
import { clampImage, lumaOf, planeOf, splitBatch } from "./image.js";

describe("pictures", () => {
  it("cuts a batch along its first axis only", () => {
    const batch = tensor(
      [2, 3, 1, 2],
      Float32Array.from({ length: 12 }, (_, i) => i),
    );
    const [first, second] = splitBatch(batch);
    expect(first).toEqual({ shape: [3, 1, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
    expect([...planeOf(second!, 1)]).toEqual([8, 9]);
    expect(splitBatch(tensor([0, 3, 1, 2], new Float64Array(0)))).toEqual([]);
  });

  it("names the shape that it cannot cut", () => {
    expect(() => splitBatch(tensor([2, 2], new Float64Array(4)))).toThrow(/\[N, C, H, W\].*\[2, 2\]/);
  });

  it("clamps to [0, 1] in a copy and keeps what is not a number", () => {
    const data = Float64Array.of(-0.5, 0.25, 1.5, Number.POSITIVE_INFINITY, Number.NaN);
    expect([...clampImage({ shape: [1, 1, 5], data }).data]).toEqual([0, 0.25, 1, 1, Number.NaN]);
    expect(data[0]).toBe(-0.5);
  });

  it("weights red, green and blue", () => {
    const luma = lumaOf({ shape: [3, 1, 2], data: Float64Array.of(1, 0, 0, 1, 0, 0) });
    expect([...luma]).toEqual([0.299, 0.587]);
  });
});

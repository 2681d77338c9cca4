// Pixels to the model's space and back, and mirror images.
import { describe, expect, it } from "vitest";
import { tensor } from "../../math/tensor.js";
import { toModelValues, unitPictures, withMirrored } from "./unit-pictures.js";

describe("unitPictures", () => {
  it("leaves pixels in [0, 1] as they are, though they do not fill the range", () => {
    const pictures = tensor([1, 2, 1, 2], Float32Array.of(0.25, 0.5, 0.5, 0.75));
    expect(unitPictures(pictures)).toEqual({ pictures, low: [0, 0], scale: [1, 1] });
  });

  it("maps each channel's range to [0, 1], and back", () => {
    const pictures = tensor([2, 2, 1, 1], Float32Array.of(-2, 5, 2, 6));
    const unit = unitPictures(pictures);
    expect([...unit.pictures.data]).toEqual([0, 0, 1, 1]);
    expect([...toModelValues(unit.pictures, unit)]).toEqual([-2, 5, 2, 6]);
  });
});

describe("withMirrored", () => {
  it("adds mirror images, left to right", () => {
    const both = withMirrored(tensor([1, 1, 2, 2], Float32Array.of(1, 2, 3, 4)));
    expect(both.shape).toEqual([2, 1, 2, 2]);
    expect([...both.data]).toEqual([1, 2, 3, 4, 2, 1, 4, 3]);
  });
});

// Frames of short and long runs: few, in order, with both ends.
import { describe, expect, it } from "vitest";
import { createFrames } from "./frames.js";

function framesOf(count: number): number[] {
  const frames = createFrames();
  for (let iteration = 0; iteration < count; iteration++) {
    frames.add({ iteration, total: count, loss: 1, image: `data:image/png;base64,${iteration}` });
  }
  return frames.list().map(({ iteration }) => iteration);
}

describe("createFrames", () => {
  it("keeps all of a short run", () => expect(framesOf(5)).toEqual([0, 1, 2, 3, 4]));

  it.each([9, 16, 17, 100, 1001, 24_000])("spreads eight of %i evenly, ends included", (count) => {
    const kept = framesOf(count);
    expect(kept).toHaveLength(8);
    expect([kept[0], kept.at(-1)]).toEqual([0, count - 1]);
    const gaps = kept.slice(1).map((iteration, i) => iteration - kept[i]!);
    expect(Math.min(...gaps)).toBeGreaterThan(0);
    expect(Math.max(...gaps)).toBeLessThan((3 * count) / 8 + 1);
  });

  it("passes over progress without a picture", () => {
    const frames = createFrames();
    frames.add({ iteration: 0, total: 1, loss: 1 });
    expect(frames.list()).toEqual([]);
  });
});

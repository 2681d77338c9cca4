import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { openDataset } from "../open.js";

const cat = decode(readFileSync("assets/cc0-photos/cat.png"));

describe("photos", () => {
  it("are 49 patches of each of four photographs, in turn", async () => {
    const set = await openDataset({ source: "photos" });
    expect([set.length, set.shape, set.classes]).toEqual([196, [3, 32, 32], ["cat", "coffee", "rocket", "galaxies"]]);
    expect([0, 1, 2, 3, 4, 195].map((index) => set.label(index))).toEqual([0, 1, 2, 3, 0, 3]);
    expect(set.credits).toHaveLength(4);
  });

  it("hold every pixel of the photograph once, in its place", async () => {
    const set = await openDataset({ source: "photos" });
    const patches = Array.from({ length: 49 }, (_, i) => set.pixels(4 * i));
    // The patch whose top left pixels are those of the photograph at (32, 64).
    const at = (y: number, x: number, c: number) => cat.data[(y * 224 + x) * cat.channels + c]!;
    const found = patches.filter((patch) =>
      [0, 1, 2].every((c) => [0, 31].every((i) => patch[c * 1024 + i * 32 + 5] === at(32 + i, 64 + 5, c))),
    );
    expect(found).toHaveLength(1);
    const sum = patches.reduce((total, patch) => total + patch.reduce((inner, byte) => inner + byte, 0), 0);
    let expected = 0;
    for (let i = 0; i < 224 * 224; i++) for (let c = 0; c < 3; c++) expected += cat.data[i * cat.channels + c]!;
    expect(sum).toBe(expected);
  });

  it("are 196 and no more", async () => {
    const set = await openDataset({ source: "photos" });
    for (const index of [-1, 196, 0.5]) {
      expect(() => set.pixels(index)).toThrow(`record ${index} is outside photos, which has records 0 to 195`);
      expect(() => set.label(index)).toThrow(RangeError);
    }
  });

  it("come in other sizes, and in more that overlap", async () => {
    expect((await openDataset({ source: "photos", size: 64 })).length).toBe(4 * 9);
    expect((await openDataset({ source: "photos", stride: 16 })).length).toBe(4 * 13 * 13);
    await expect(openDataset({ source: "photos", size: 300 })).rejects.toThrow(/size/);
  });
});

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDataset } from "../open.js";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("portraits", () => {
  it("draws the same people whenever it is opened, in any order and number", async () => {
    const first = await openDataset({ source: "portraits" });
    const again = await openDataset({ source: "portraits", count: 40 });
    const backwards = Array.from({ length: 32 }, (_, i) => digest(again.pixels(31 - i))).reverse();
    expect(backwards).toEqual(Array.from({ length: 32 }, (_, i) => digest(first.pixels(i))));
    const others = await openDataset({ source: "portraits", seed: 2 });
    expect(digest(others.pixels(0))).not.toBe(digest(first.pixels(0)));
  });

  it("opens at once and draws 64 pictures within a second", async () => {
    const start = performance.now();
    const set = await openDataset({ source: "portraits" });
    for (let i = 0; i < 64; i++) set.pixels(i);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("holds every class once in every eight, and no picture twice", async () => {
    const set = await openDataset({ source: "portraits" });
    expect([set.length, set.classes.length, set.synthetic]).toEqual([512, 8, true]);
    const seen = new Set<string>();
    for (let block = 0; block < 512; block += 8) {
      const labels = Array.from({ length: 8 }, (_, i) => set.label(block + i));
      expect(labels.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      for (let i = block; i < block + 8; i++) seen.add(digest(set.pixels(i)));
    }
    expect(seen.size).toBe(512);
  });

  it("shows the class: the hair's own colour is in every large picture", async () => {
    const set = await openDataset({ source: "portraits", size: 96, count: 64, style: "adventurer" });
    const hair = ["221c20", "6b3f22", "d0581e", "e8c766", "a9abb0", "e0659b", "2f9c9c", "6d3fa0"];
    for (let i = 0; i < set.length; i++) {
      const pixels = set.pixels(i);
      const wanted = Buffer.from(hair[set.label(i)]!, "hex");
      let hits = 0;
      for (let p = 0; p < 96 * 96; p++) {
        if (wanted.every((value, c) => Math.abs(pixels[c * 96 * 96 + p]! - value) <= 2)) hits++;
      }
      expect(hits, `portrait ${i}`).toBeGreaterThan(0.02 * 96 * 96);
    }
  });

  it("knows every attribute of everyone, the class among them", async () => {
    const set = await openDataset({ source: "portraits" });
    for (let i = 0; i < 64; i++) {
      const attributes = set.attributes!(i);
      expect(attributes.hairColor).toBe(set.classes[set.label(i)]);
      for (const name of ["style", "skin", "clothing", "backdrop", "hair", "eyes", "mouth"]) {
        expect(attributes[name], `${name} of ${i}`).toMatch(/\w/);
      }
    }
  });

  it.each(["personas", "adventurer"] as const)(
    "draws %s alone, any size, with the designer's credit",
    async (style) => {
      const set = await openDataset({ source: "portraits", style, size: 48, count: 9 });
      expect(set.shape).toEqual([3, 48, 48]);
      expect(set.pixels(8)).toHaveLength(3 * 48 * 48);
      expect(Array.from({ length: 9 }, (_, i) => set.attributes!(i).style)).toEqual(new Array(9).fill(style));
      expect(set.credits).toHaveLength(1);
      expect(set.credits[0]).toMatch(style === "personas" ? /Draftbit.*CC BY 4\.0/ : /Lisa Wischofsky.*CC BY 4\.0/);
      expect(() => set.pixels(9)).toThrow("records 0 to 8");
      expect(() => set.label(0.5)).toThrow(RangeError);
    },
  );
});

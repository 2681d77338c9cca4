import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDataset } from "../open.js";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("emoji", () => {
  it("holds nine classes equally often, and no picture twice", async () => {
    const set = await openDataset({ source: "emoji" });
    expect([set.length, set.classes.length, set.synthetic]).toEqual([765, 9, true]);
    expect(set.classes).toContain("Animals & Nature");
    expect(set.credits.join()).toMatch(/Twemoji.*CC BY 4\.0/);
    const counts = new Array<number>(9).fill(0);
    const seen = new Set<string>();
    for (let i = 0; i < set.length; i++) {
      counts[set.label(i)]!++;
      seen.add(digest(set.pixels(i)));
    }
    expect(counts).toEqual(new Array(9).fill(85));
    expect(seen.size).toBe(765);
  });

  it("draws the same signs whenever it is opened; a shorter set is the start of a longer one", async () => {
    const first = await openDataset({ source: "emoji" });
    const again = await openDataset({ source: "emoji", count: 27 });
    for (let i = 26; i >= 0; i--) {
      expect(again.label(i)).toBe(first.label(i));
      expect(digest(again.pixels(i))).toBe(digest(first.pixels(i)));
    }
  });

  it("leaves a light margin around every sign, at any size", async () => {
    const set = await openDataset({ source: "emoji", size: 40, count: 90 });
    expect(set.shape).toEqual([3, 40, 40]);
    for (let i = 0; i < set.length; i++) {
      const corners = [0, 39, 39 * 40, 40 * 40 - 1].map((p) => set.pixels(i)[p]!);
      expect(Math.min(...corners), `sign ${i}`).toBeGreaterThan(225);
      expect(new Set(set.pixels(i)).size, `sign ${i}`).toBeGreaterThan(3);
    }
  });

  it("refuses more signs than there are", async () => {
    await expect(openDataset({ source: "emoji", count: 100_000 })).rejects.toThrow(/there are \d+ signs/);
  });
});

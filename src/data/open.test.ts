import { describe, expect, it } from "vitest";
import { nearestWord } from "./nearest-word.js";
import { openDataset, sources } from "./open.js";

describe("openDataset", () => {
  it.each([
    ["portrait", "portraits"],
    ["Cifar-10", "cifar10"],
    ["cifar1000", "cifar100"],
  ])("suggests for %s the source %s", async (typed, meant) => {
    await expect(openDataset({ source: typed })).rejects.toThrow(
      `unknown data source "${typed}"; did you mean "${meant}"`,
    );
  });

  it("names an unknown option, a missing one and one out of range", async () => {
    await expect(openDataset({ source: "portraits", siez: 32 })).rejects.toThrow('"siez"; did you mean "size"');
    await expect(openDataset({ source: "cifar10" })).rejects.toThrow(/data source cifar10: path: /);
    await expect(openDataset({ source: "portraits", size: 4 })).rejects.toThrow(/size: .*8/);
  });

  it("lists every source once, with a description for each option", () => {
    expect(new Set(sources.map((source) => source.id)).size).toBe(sources.length);
    for (const source of sources) {
      for (const [name, option] of Object.entries(source.options.shape)) {
        expect(option.description, `${source.id}.${name}`).toBeTruthy();
      }
    }
  });
});

describe("nearestWord", () => {
  it("prefers fewer changes, counts a swap as one, and takes the first of equals", () => {
    expect(nearestWord("fodler", ["holder", "folder"])).toBe("folder");
    expect(nearestWord("x", ["b", "a"])).toBe("b");
    expect(nearestWord("anything", [])).toBeUndefined();
    expect(nearestWord("a".repeat(1e6), ["a", "b"])).toBe("a");
  });
});

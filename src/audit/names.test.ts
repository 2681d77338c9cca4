// One attack, one file: no layer that handles attacks and defenses knows one of them by name (presets choose some by their nature;
// a comment may give an example).
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCatalogue } from "./catalogue.js";

const { attacks, defenses } = await loadCatalogue();
const ids = [...attacks.keys(), ...defenses.keys()];
const isSource = (path: string) =>
  path.endsWith(".ts") && !path.endsWith(".test.ts") && basename(path) !== "presets.ts";
const root = new URL("../", import.meta.url).pathname;

describe.each(["audit", "threat", "federated", "report"])("src/%s", (layer) => {
  it("names no attack and no defense", () => {
    const files = readdirSync(join(root, layer), { recursive: true, encoding: "utf8" }).filter(isSource);
    expect(files.length).toBeGreaterThan(2);
    const named = files.flatMap((file) => {
      const text = readFileSync(join(root, layer, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return ids.filter((id) => new RegExp(`(?<![\\w-])${id}(?![\\w-])`).test(text)).map((id) => `${id} in ${file}`);
    });
    expect(named).toEqual([]);
  });
});

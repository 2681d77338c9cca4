// What runs and shows attacks and defenses knows none of them by name: every seam carries any method, and a new one is one new file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadCatalogue } from "../src/audit/catalogue.js";

const { attacks, defenses } = await loadCatalogue();
const files = ["audit", "threat", "federated", "report"].flatMap((layer) =>
  readdirSync(join("src", layer), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join("src", layer, name)),
);

/** Attacks are not even mentioned; defenses have everyday names, so that only quoted ones count. */
const mentions = (text: string): string[] => [
  ...[...attacks.keys()].filter((id) => new RegExp(`(?<![\\w-])${id}(?![\\w-])`).test(text)),
  ...[...defenses.keys()].filter((id) => new RegExp(`["'\`]${id}["'\`]`).test(text)),
];

it("finds a mention where there is one", () => {
  expect(mentions('if (attack.id === "dlg") return;')).toEqual(["dlg"]);
  expect(mentions('defense === "top-k"')).toEqual(["top-k"]);
  expect(mentions("// the idlg-like rule of dlgs")).toEqual([]);
});

it.each(files)("%s names no attack and no defense", (file) => {
  expect(mentions(readFileSync(file, "utf8"))).toEqual([]);
});

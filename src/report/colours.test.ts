// Contrast of WCAG 2.2 AA for every pair of text and ground that the page uses.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { differenceGain } from "./visible-pictures.js";

const read = (name: string) => readFileSync(new URL(`../../web/src/style/${name}.css`, import.meta.url), "utf8");

const [light, dark] = [...read("colours").matchAll(/--ground: [^}]*/g)].map(
  ([block]) =>
    new Map([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name!, colour!])),
);

/** Relative luminance of WCAG 2.2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const pairs = ["ground", "card"].flatMap((ground) =>
  ["ink", "muted", "accent", "medium", "leak"].map((ink) => [ink, ground]),
);
for (const name of ["leak", "resisted", "grey", "medium", "band-one", "band-two", "band-three", "band-four"]) {
  pairs.push([name, `${name}-ground`]);
}
pairs.push(["muted", "hatch"], ["ink", "grey-ground"], ["ground", "ink"], ["muted", "leak-ground"]);

it.each(pairs)("%s on %s can be read in light and dark: 4.5 to 1 or more", (ink, ground) => {
  for (const theme of [light!, dark!]) {
    expect(contrast(theme.get(ink!)!, theme.get(ground!)!)).toBeGreaterThanOrEqual(4.5);
  }
});

it("steps of leakage differ in lightness, too, so that nobody needs to see the colour", () => {
  for (const theme of [light!, dark!]) {
    const steps = ["one", "two", "three", "four"].map((step) => luminance(theme.get(`band-${step}-ground`)!));
    const differences = steps.slice(1).map((step, i) => Math.sign(step - steps[i]!));
    expect(new Set(differences).size).toBe(1);
  }
});

it("brightens differences as the caption says, and loads nothing", () => {
  expect(read("base")).toContain(`filter: brightness(${differenceGain});`);
  for (const name of ["colours", "base", "chart", "screens", "print"]) expect(read(name)).not.toMatch(/url\(|@import/);
});

// Twemoji drawings in their nine official categories, on light backgrounds; from @iconify-json/twemoji, which has no
// tenth category ("Component"). One drawing stands for all skin tones, genders and directions of a sign.
import { createRequire } from "node:module";
import { z } from "zod";
import { createRandom } from "../../math/random.js";
import { defineSource } from "../define.js";
import { openDrawnSet } from "../drawn.js";

interface Icon {
  readonly body: string;
  /** Where it differs from the width, which is always 36. */
  readonly height?: number;
}

/** The two files of the package, as far as we read them. */
interface Twemoji {
  readonly icons: Readonly<Record<string, Icon>>;
  readonly categories: Readonly<Record<string, readonly string[]>>;
}

const TINTS = ["f4f1ea", "e8f0f4", "eef3e6", "f6e9e6", "efeaf5", "f7f2d9"];
const UNIT = 36;
const MARGIN = 2;

// The smallest category holds 85 signs: up to this count every class is equally frequent.
const BALANCED = 9 * 85;

/** What a sign shows, without skin tone, gender and direction: signs of one motif look nearly alike. */
function motifOf(name: string): string {
  return name
    .replace(/-facing-right$/, "")
    .replace(/^(family|kiss|couple-with-heart)-.*$/, "$1")
    .replace(/^(man|woman|men|women|person|people)-/, "");
}

/** The names of a category that stay: one of each motif, and no drawing twice (some flags are the same). */
function distinct(names: readonly string[], icons: Twemoji["icons"]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const marks = [motifOf(name), icons[name]?.body];
    if (/-skin-tone/.test(name) || marks.some((mark) => mark === undefined || seen.has(mark))) return false;
    for (const mark of marks) seen.add(mark!);
    return true;
  });
}

/** All signs as [class, name]: in blocks that hold each class once, for as long as the class has signs left. */
function arrange(groups: readonly string[][], seed: number): [label: number, name: string][] {
  const root = createRandom(seed);
  const piles = groups.map((names, label) => root.split("class", label).shuffle(names));
  const longest = Math.max(...piles.map((pile) => pile.length));
  return Array.from({ length: longest }, (_, row) => {
    const present = [...piles.keys()].filter((label) => row < piles[label]!.length);
    const order = root.split("block", row).shuffle(present);
    return order.map((label): [number, string] => [label, piles[label]![row]!]);
  }).flat();
}

function loadTwemoji(): Twemoji {
  // require, because importing JSON still prints a warning on Node 20.
  const require = createRequire(import.meta.url);
  const { icons } = require("@iconify-json/twemoji/icons.json") as Pick<Twemoji, "icons">;
  const { categories } = require("@iconify-json/twemoji/metadata.json") as Pick<Twemoji, "categories">;
  return { icons, categories };
}

/** A picture depends on seed and index alone. A count beyond the last sign is refused with a RangeError. */
export default defineSource({
  id: "emoji",
  title: "Emoji, by category",
  options: z.strictObject({
    size: z.int().min(8).max(1024).default(32).describe("edge of the square pictures in pixels"),
    count: z.int().min(1).default(BALANCED).describe(`how many signs; classes are balanced up to ${BALANCED}`),
    seed: z.int().default(1).describe("another seed gives another order"),
  }),
  async open({ size, count, seed }) {
    const { icons, categories } = loadTwemoji();
    const classes = Object.keys(categories);
    const signs = arrange(
      classes.map((category) => distinct(categories[category]!, icons)),
      seed,
    );
    if (count > signs.length)
      throw new RangeError(`emoji: count ${count} is too many, there are ${signs.length} signs`);
    return openDrawnSet({
      id: "emoji",
      classes,
      credits: [
        "Emoji: Twemoji by Twitter, Inc and other contributors (https://github.com/jdecked/twemoji), CC BY 4.0",
      ],
      count,
      size,
      drawing(index) {
        const [label, name] = signs[index]!;
        const { body, height = UNIT } = icons[name]!;
        const edge = UNIT + 2 * MARGIN;
        const tint = TINTS[createRandom(seed).split("tint", index).integer(TINTS.length)]!;
        return {
          label,
          svg: () =>
            `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${edge} ${edge}">` +
            `<rect width="${edge}" height="${edge}" fill="#${tint}"/>` +
            `<g transform="translate(${MARGIN} ${MARGIN + (UNIT - height) / 2})">${body}</g></svg>`,
        };
      },
    });
  },
});

// Drawn portraits of people who do not exist: Dicebear's styles personas and adventurer, posed on a soft background.
// The class is the hair colour. It is chosen first and handed to the artist, never read back from the picture.

import * as adventurer from "@dicebear/adventurer";
import { createAvatar } from "@dicebear/core";
import * as personas from "@dicebear/personas";
import { z } from "zod";
import { createRandom, type Random } from "../../math/random.js";
import { defineSource } from "../define.js";
import { type Drawing, openDrawnSet } from "../drawn.js";

const HAIR_COLORS = {
  "black hair": "221c20",
  "brown hair": "6b3f22",
  "ginger hair": "d0581e",
  "blond hair": "e8c766",
  "grey hair": "a9abb0",
  "pink hair": "e0659b",
  "teal hair": "2f9c9c",
  "purple hair": "6d3fa0",
} as const;
const SKIN = {
  ivory: "f6d7b8",
  sand: "ecb98f",
  honey: "d99b6c",
  almond: "b9754a",
  chestnut: "8f5632",
  umber: "5f3620",
};
const CLOTHING = { red: "c8433f", blue: "2f6db5", green: "3f8f5b", amber: "e0a63a", violet: "6b5b95", white: "f2f0e8" };
const BACKDROP = { sky: "8fb7d1", sage: "a7bfa0", sand: "d9c7a3", rose: "cfa9a0", slate: "7f8fa6", lilac: "b9a7c9" };

const CLASSES = Object.keys(HAIR_COLORS) as (keyof typeof HAIR_COLORS)[];

const CREDITS = {
  personas: "Portraits: remix of “Personas by Draftbit” by Draftbit (https://personas.draftbit.com/), CC BY 4.0",
  adventurer: "Portraits: remix of “Adventurer” by Lisa Wischofsky (https://www.instagram.com/lischi_art/), CC BY 4.0",
} as const;

// Only hair that shows its colour at 32 pixels: no caps, no bald heads. And faces that a stranger would call friendly.
const PERSONAS_HAIR = [
  ...["long", "sideShave", "shortCombover", "curlyHighTop", "bobCut", "curly"],
  ...["pigtails", "curlyBun", "bobBangs", "straightBun", "extraLong", "shortComboverChops"],
] as NonNullable<personas.Options["hair"]>;
const ADVENTURER_HAIR = [...numbered("long", 26, [20, 22]), ...numbered("short", 19, [12, 13, 19])] as NonNullable<
  adventurer.Options["hair"]
>;
const ADVENTURER_MOUTHS = numbered("variant", 30, [3, 4, 7, 10, 11, 12, 13, 15, 16, 17, 19, 20, 24]) as NonNullable<
  adventurer.Options["mouth"]
>;

// Both drawings in a box of 100 by 100: the point that goes to the middle of the picture, and the scale around it.
const FRAME = { personas: { x: 50, y: 49, scale: 1.28 }, adventurer: { x: 47, y: 50, scale: 1.04 } } as const;

type Style = keyof typeof FRAME;

/** `stem01` to `stem<last>`, the way this style names its variants, without the numbers in `skip`. */
function numbered(stem: string, last: number, skip: readonly number[]): string[] {
  const numbers = Array.from({ length: last }, (_, i) => i + 1).filter((n) => !skip.includes(n));
  return numbers.map((n) => stem + String(n).padStart(2, "0"));
}

function pick(random: Random, words: Readonly<Record<string, string>>): [word: string, color: string] {
  const entries = Object.entries(words);
  return entries[random.integer(entries.length)]!;
}

interface Look {
  readonly seed: string;
  readonly hairColor: string;
  readonly skinColor: string;
  readonly clothingColor: string;
}

/** The drawn person in a box of 100 by 100, free to reach beyond it, and the parts that the artist chose. */
function drawPerson(style: Style, look: Look): { svg: string; parts: Record<string, unknown> } {
  const shared = { seed: look.seed, size: 100, clip: false, hairColor: [look.hairColor], skinColor: [look.skinColor] };
  if (style === "personas") {
    const { svg, extra } = createAvatar(personas, {
      ...shared,
      clothingColor: [look.clothingColor],
      hair: PERSONAS_HAIR,
      mouth: ["smile", "frown", "surprise", "bigSmile", "smirk", "lips"],
      facialHairProbability: 15,
    }).toJson();
    // resvg isolates masked groups, where an overlay turns into a white veil: skin goes grey and black hair with it.
    return { svg: svg.replace(/mix-blend-mode:[a-z]+" opacity="[.\d]+"/g, '" opacity=".08"'), parts: extra };
  }
  const { svg, extra } = createAvatar(adventurer, {
    ...shared,
    hair: ADVENTURER_HAIR,
    mouth: ADVENTURER_MOUTHS,
    glassesProbability: 15,
    featuresProbability: 15,
    earringsProbability: 15,
  }).toJson();
  // This style draws heads only; neck and shoulders are ours.
  const bust =
    `<g stroke="#000" stroke-width=".8"><path d="M39 70V92Q50 99 61 92V66Z" fill="#${look.skinColor}"/>` +
    `<path d="M6 150C8 104 22 93 39 88Q50 99 61 88C78 93 92 104 94 150Z" fill="#${look.clothingColor}"/></g>`;
  return { svg: bust + svg, parts: extra };
}

function drawPortrait(random: Random, style: Style, label: number): Drawing {
  const hair = CLASSES[label]!;
  const [skin, skinColor] = pick(random, SKIN);
  const [clothing, clothingColor] = pick(random, CLOTHING);
  const [above, aboveColor] = pick(random, BACKDROP);
  const [below, belowColor] = pick(random, BACKDROP);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const light = Math.floor(between(0, 360));
  const turn = between(-7, 7);
  const zoom = FRAME[style].scale * between(0.94, 1.08);
  const side = random.integer(2) === 0 ? 1 : -1;
  const shift = [50 + between(-4, 4), 50 + between(-3, 3)];

  // Dicebear's own stream starts out alike for seeds that look alike, so it gets ours as text.
  const seed = `${random.uint32()} ${random.uint32()}`;

  const person = drawPerson(style, { seed, hairColor: HAIR_COLORS[hair], skinColor, clothingColor });
  const attributes: Record<string, string> = { style };
  for (const [part, value] of Object.entries(person.parts)) {
    if (/Color$|^background|^base$/.test(part)) continue;
    attributes[part] = typeof value === "string" ? value : "none";
  }
  Object.assign(attributes, { hairColor: hair, skin, clothing, backdrop: `${above} to ${below}` });

  return {
    label,
    attributes,
    svg: () =>
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">` +
      `<linearGradient id="backdrop" gradientTransform="rotate(${light} .5 .5)">` +
      `<stop stop-color="#${aboveColor}"/><stop offset="1" stop-color="#${belowColor}"/></linearGradient>` +
      `<rect width="100" height="100" fill="url(#backdrop)"/>` +
      `<g transform="translate(${shift.join(" ")}) rotate(${turn}) scale(${side * zoom} ${zoom}) ` +
      `translate(${-FRAME[style].x} ${-FRAME[style].y})">` +
      `${person.svg.replace("<svg ", '<svg overflow="visible" ')}</g></svg>`,
  };
}

/** Records in blocks of eight hold every class once. A picture depends on seed, style option and index alone. */
export default defineSource({
  id: "portraits",
  title: "Drawn portraits of people who do not exist, by hair colour",
  options: z.strictObject({
    size: z.int().min(8).max(1024).default(32).describe("edge of the square pictures in pixels"),
    count: z.int().min(1).max(100_000).default(512).describe("how many portraits the set holds"),
    style: z.enum(["personas", "adventurer", "both"]).default("both").describe("whose drawings"),
    seed: z.int().default(1).describe("another seed draws other people"),
  }),
  open({ size, count, style, seed }) {
    const root = createRandom(seed);
    const styles: readonly Style[] = style === "both" ? ["personas", "adventurer"] : [style];
    return openDrawnSet({
      id: "portraits",
      classes: CLASSES,
      credits: styles.map((name) => CREDITS[name]),
      count,
      size,
      described: true,
      drawing(index) {
        const block = root.split("classes", Math.floor(index / CLASSES.length));
        const label = block.shuffle([...CLASSES.keys()])[index % CLASSES.length]!;
        const random = root.split("portrait", index);
        return drawPortrait(random, styles[random.integer(styles.length)]!, label);
      },
    });
  },
});

// What a run is worth, by the rules of the audit: PSNR beside the best guess made without the update, and whether the picture is recognised
// among all others.
import { LEAD_DB, RECOVERED_DB } from "../../src/audit/collect.js";
import { floorGuesses, type Guess } from "../../src/audit/floor.js";
import { matchRecords } from "../../src/audit/score.js";
import { type Batch, type Dataset, readBatch } from "../../src/data/dataset.js";
import type { Random } from "../../src/math/random.js";
import type { Tensor } from "../../src/math/tensor.js";
import type { Image } from "../../src/metrics/define.js";
import { clampImage, splitBatch } from "../../src/metrics/image.js";
import { searchPixels } from "../../src/metrics/recognition/search-pixels.js";
import psnr from "../../src/metrics/similarity/psnr.js";
import { formatNumber } from "../../src/report/figures.js";
import { choices, type DefenseOffer, type PlayMessage, type PlayRequest } from "./protocol.js";

type Done = Extract<PlayMessage, { kind: "done" }>;

/** Percent of the squared length from which two decimals read as 100. */
const SAME_DIRECTION = 99.995;

export interface Judged {
  /** Grey where the attack gave nothing. */
  readonly image: Image;
  readonly psnr: number;
  readonly floor: Done["floor"];
  readonly leaked: boolean;
  /** False where the attack gave no picture. */
  readonly found: boolean;
}

const guessed: Readonly<Record<Guess["id"], string>> = {
  "prior-mean": "the mean of other portraits",
  "surrogate-image": "another portrait",
  noise: "noise",
};

/** Scores what an attack found against record 0 of `dataset`. */
export async function judge(candidates: Tensor, dataset: Dataset, surrogate: Batch, random: Random): Promise<Judged> {
  const original = splitBatch(readBatch(dataset, [0]).inputs)[0]!;
  const given = candidates.shape[0] === 0 ? [] : splitBatch(candidates);
  const [matched] = matchRecords(given, [original], [0]);
  const guesses = floorGuesses(surrogate, random).map(({ id, image }) => ({ id, image: clampImage(image) }));
  const figures = await Promise.all(guesses.map(({ image }) => decibels(image, original)));
  const best = figures.indexOf(Math.max(...figures));
  const floor = { psnr: figures[best]!, what: guessed[guesses[best]!.id] };
  const image = matched!.reconstruction;
  if (image === null) {
    const grey = { shape: original.shape, data: new Float64Array(original.data.length).fill(0.5) };
    return { image: grey, psnr: await decibels(grey, original), floor, leaked: false, found: false };
  }
  const reached = await decibels(image, original);
  const [nearest] = await searchPixels.find([{ picture: image, record: 0, admits: () => true }], dataset);
  const leaked = reached >= RECOVERED_DB || (nearest === 0 && reached >= floor.psnr + LEAD_DB);
  return { image, psnr: reached, floor, leaked, found: true };
}

/** PSNR of a clamped picture; 0 where it is undefined, which a picture with NaN is. */
async function decibels(image: Image, original: Image): Promise<number> {
  const variant = psnr.variants[psnr.defaultVariant]!;
  const [figure] = await variant.score({ reconstructions: [image], originals: [original] });
  return figure!.value ?? 0;
}

/** What a defense made of an update: its norm before and after, the cosine of the angle between them, and whether nothing changed at all. */
export interface Change {
  readonly before: number;
  readonly after: number;
  readonly cosine: number;
  readonly identity: boolean;
}

export interface Told {
  readonly judged: Judged;
  /** Null without a defense. */
  readonly change: Change | null;
  /** Whether the attack was told of the defense and makes use of that. */
  readonly knows: boolean;
}

/** One or two plain sentences out of what was measured. */
export function whyOf(
  verdict: Done["verdict"],
  { defense, attack }: PlayRequest,
  { judged: { psnr: reached, floor, found }, change, knows }: Told,
): string {
  const lead = (reached - floor.psnr).toFixed(1);
  const name = choices.attacks.find(({ id }) => id === attack)!.name;
  const effect = change ? ` ${told(change, choices.defenses.find(({ id }) => id === defense)!.effect)}` : "";
  if (verdict === "leaked") {
    return defense === null
      ? `The update fits this picture and hardly any other: it is ${lead} dB closer than a guess.`
      : `The defense did not stop it: the picture is ${lead} dB closer than a guess.${effect}`;
  }
  if (verdict === "held") {
    const now = !found ? "it finds none" : knows ? "it does not, although it knows which defense is on" : "it does not";
    return `Without the defense ${name} gets this picture back; with it, ${now}.${effect}`;
  }
  const even = defense === null ? "" : ", not even without the defense";
  return `${name} does not get this picture back here${even}. That proves nothing: other random numbers or another attack may.`;
}

/** How much of what was sent still is the gradient, by squared length. */
function told({ before, after, cosine, identity }: Change, effect: DefenseOffer["effect"]): string {
  if (identity) return "At this strength it changes nothing: the client sent its whole gradient.";
  const share = 100 * cosine ** 2;
  const figure = share.toFixed(share > 99 ? 2 : 1);
  const percent = `${share < 0.1 ? "less than 0.1" : share > SAME_DIRECTION ? "more than 99.99" : figure} %`;
  if (effect === "part") return `The client sent ${percent} of its gradient and left out the rest.`;
  return share > SAME_DIRECTION
    ? `The gradient was cut from a length of ${formatNumber(before)} to ${formatNumber(after)}, but still points where it did, and that tells the picture.`
    : `The gradient, ${formatNumber(before)} long, was cut short and covered with noise: what was sent is ${formatNumber(after)} long, and ${percent} of that is the gradient.`;
}

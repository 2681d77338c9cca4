// A picture of the reader's own: read, cropped to its middle square and made as small as the model sees it, all in this tab.
import { signal } from "@preact/signals";
import { choose, OWN, own } from "./choice.js";
import type { Picture } from "./protocol.js";

/** Width and height of what the models see, in pixels. */
const SIDE = 32;
const MOST_BYTES = 64e6;

/** Why the last file was refused; null where it was not. */
export const refusal = signal<string | null>(null);

/** Takes a file in: it becomes the chosen picture, or `refusal` says why not. */
export async function takePicture(file: File): Promise<void> {
  try {
    own.value = { name: file.name, picture: await readPicture(file), label: own.value?.label ?? 0 };
    refusal.value = null;
    choose({ picture: OWN });
  } catch (error) {
    refusal.value = error instanceof Error ? error.message : String(error);
  }
}

/** The middle square of a file's picture, 32 pixels wide, as planes of red, green and blue, 0 to 1. Throws an Error in plain words. */
async function readPicture(file: File): Promise<Picture> {
  if (file.size > MOST_BYTES) {
    throw new Error(`“${file.name}” has ${Math.round(file.size / 1e6)} MB. Choose a picture below 64 MB.`);
  }
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`“${file.name}” is no picture that this browser can read. Choose a PNG, JPEG or WebP file.`);
  });
  const side = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  // What is transparent becomes white.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  return planesOf(context.getImageData(0, 0, SIDE, SIDE));
}

function planesOf({ width, height, data }: ImageData): Picture {
  const area = width * height;
  return {
    width,
    height,
    pixels: Float32Array.from({ length: 3 * area }, (_, i) => data[4 * (i % area) + Math.floor(i / area)]! / 255),
  };
}

/** Takes a file in wherever on the page it is dropped; a browser would open it in place of the page. */
export function acceptDrops(): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    // The picker takes what is dropped on it.
    if (event.defaultPrevented) return;
    event.preventDefault();
    const file = event.dataTransfer?.files.item(0);
    if (file) takePicture(file);
  });
}

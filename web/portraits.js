// Drawn portraits for the playground, taken from the built program: those that the page shows, and others that the adversary may own.
import { Buffer } from "node:buffer";
import { openDataset } from "../dist/data/open.js";

const SHOWN = 12;
const OTHERS = 48;

/** Classes, credits, and the records as { label, pixels }, pixels in base64: planes of red, green and blue, 0 to 255. */
export async function drawPortraits() {
  const dataset = await openDataset({ source: "portraits" });
  const record = (index) => ({
    label: dataset.label(index),
    pixels: Buffer.from(dataset.pixels(index)).toString("base64"),
  });
  const { classes, credits, shape } = dataset;
  const some = (count, from) => Array.from({ length: count }, (_, i) => record(from + i));
  return { set: { classes, credits, shape, shown: some(SHOWN, 0) }, others: some(OTHERS, SHOWN) };
}

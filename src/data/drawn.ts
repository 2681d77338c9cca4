// A data set whose pictures are drawn when first looked at, so that opening it costs nothing. Shared by the demo sets.
import type { Dataset } from "./dataset.js";
import { loadSvgRenderer } from "./render-svg.js";

/** One picture to draw: what it shows, and its SVG text (square view box, opaque background). */
export interface Drawing {
  readonly label: number;
  readonly attributes?: Readonly<Record<string, string>>;
  svg(): string;
}

export interface DrawnSet {
  readonly id: string;
  readonly classes: readonly string[];
  readonly credits: readonly string[];
  readonly count: number;
  /** Edge of the square pictures in pixels. */
  readonly size: number;
  /** Whether every drawing carries attributes. */
  readonly described?: boolean;
  /** Must depend on nothing but the index: drawings are asked for in any order. */
  drawing(index: number): Drawing;
}

/** Opens a drawn set as a data set with shape [3, size, size]. Every picture is kept once drawn. */
export async function openDrawnSet(set: DrawnSet): Promise<Dataset> {
  const render = await loadSvgRenderer();
  const drawings = new Map<number, Drawing>();
  const pictures = new Map<number, Uint8Array>();

  function drawingOf(index: number): Drawing {
    let drawing = drawings.get(index);
    if (drawing === undefined) {
      if (!Number.isInteger(index) || index < 0 || index >= set.count) {
        throw new RangeError(`record ${index} is outside ${set.id}, which has records 0 to ${set.count - 1}`);
      }
      drawing = set.drawing(index);
      drawings.set(index, drawing);
    }
    return drawing;
  }

  return {
    id: set.id,
    classes: set.classes,
    shape: [3, set.size, set.size],
    length: set.count,
    synthetic: true,
    credits: set.credits,
    label: (index) => drawingOf(index).label,
    pixels(index) {
      let picture = pictures.get(index);
      if (picture === undefined) {
        picture = render(drawingOf(index).svg(), set.size);
        pictures.set(index, picture);
      }
      return picture;
    },
    ...(set.described && { attributes: (index: number) => drawingOf(index).attributes ?? {} }),
  };
}

// The vectors of all pictures of a gallery, computed once and kept as long as the gallery object is.
import type { ImageShape } from "../data/dataset.js";
import type { Gallery, Image } from "./define.js";
import { type Encoder, encode } from "./encode.js";

const known = new WeakMap<Gallery, Map<string, Promise<readonly Float32Array[]>>>();

/** Picture `index` of a gallery of pictures of this shape, in [0, 1]. Throws RangeError when it has another number of pixels. */
export function galleryImage(gallery: Gallery, index: number, shape: ImageShape): Image {
  const pixels = gallery.pixels(index);
  if (pixels.length !== shape[0] * shape[1] * shape[2]) {
    throw new RangeError(
      `the gallery's pictures have ${pixels.length} bytes, the reconstruction is ${shape.join("x")}`,
    );
  }
  const data = new Float32Array(pixels.length);
  for (let i = 0; i < data.length; i++) data[i] = pixels[i]! / 255;
  return { shape, data };
}

/** Vectors by the index of their picture; 4,000 pictures of 32x32 take two to four seconds of one core. */
export function galleryVectors(
  encoder: Encoder,
  gallery: Gallery,
  shape: ImageShape,
): Promise<readonly Float32Array[]> {
  const key = `${encoder.id} ${shape.join("x")}`;
  const ofGallery = known.get(gallery) ?? new Map<string, Promise<readonly Float32Array[]>>();
  known.set(gallery, ofGallery);
  const vectors = ofGallery.get(key) ?? encodeAll(encoder, gallery, shape);
  ofGallery.set(key, vectors);
  return vectors;
}

async function encodeAll(encoder: Encoder, gallery: Gallery, shape: ImageShape): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let index = 0; index < gallery.length; index++) {
    vectors.push(await encode(encoder, galleryImage(gallery, index, shape)));
  }
  return vectors;
}

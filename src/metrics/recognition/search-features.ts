// Nearest picture by the cosine of the features of a network that knows nothing of the attacked model.
import { classFeatures } from "../class-features.js";
import { createMemory } from "../encode.js";
import { galleryVectors } from "../gallery-vectors.js";
import { describeShape } from "../image.js";
import type { Search } from "./search.js";

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export const searchFeatures: Search = {
  refuse: (picture) =>
    [1, 3].includes(picture.shape[0])
      ? undefined
      : `ResNet-20 takes one or three channels, got ${describeShape(picture)}`,
  async find(sought, gallery) {
    const vectorOf = createMemory(classFeatures);
    const found: number[] = [];
    for (const { picture, record, admits } of sought) {
      const vectors = await galleryVectors(classFeatures, gallery, picture.shape);
      const own = await vectorOf(picture);
      let [nearest, cosine] = [record, product(own, vectors[record]!)];
      vectors.forEach((vector, candidate) => {
        if (!admits(candidate)) return;
        const other = product(own, vector);
        if (other > cosine || (other === cosine && candidate < nearest)) [nearest, cosine] = [candidate, other];
      });
      found.push(nearest);
    }
    return found;
  },
};

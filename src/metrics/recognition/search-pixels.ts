// Nearest picture by the Euclidean distance of pixels.
import { squaredDistance } from "../squared-distance.js";
import type { Search } from "./search.js";

export const searchPixels: Search = {
  refuse: () => undefined,
  find(sought, gallery) {
    const searches = sought.map(({ picture, record, admits }) => {
      const target = Float64Array.from(picture.data, (value) => 255 * value);
      const own = gallery.pixels(record);
      if (own.length !== target.length) {
        throw new RangeError(`the gallery's pictures have ${own.length} bytes, the reconstruction ${target.length}`);
      }
      // Starting from the original makes the bound tight at once; ties still go to the lowest index.
      return { target, admits, distance: squaredDistance(target, own), index: record };
    });
    // The gallery is the outer loop, because reading one of its pictures may be costly.
    for (let candidate = 0; candidate < gallery.length; candidate++) {
      const pixels = gallery.pixels(candidate);
      for (const nearest of searches) {
        if (!nearest.admits(candidate)) continue;
        const distance = squaredDistance(nearest.target, pixels, nearest.distance);
        if (distance < nearest.distance || (distance === nearest.distance && candidate < nearest.index)) {
          nearest.distance = distance;
          nearest.index = candidate;
        }
      }
    }
    return searches.map(({ index }) => index);
  },
};

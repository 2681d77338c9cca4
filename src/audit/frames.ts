// An attack's picture on its way, kept now and then: what a reader slides through to see a reconstruction form.
import type { FrameJson } from "./audit-json.js";
import type { JobProgress } from "./interfaces.js";

/** So many at most are kept of one run. */
const MOST_FRAMES = 8;

export interface Frames {
  readonly add: (progress: JobProgress) => void;
  /** First and last picture, and others spread evenly over the run between them. */
  readonly list: () => FrameJson[];
}

/** Holds twice as many at most, however long the run: whenever it is full, every other one goes. */
export function createFrames(): Frames {
  let kept: FrameJson[] = [];
  let stride = 1;
  let seen = 0;
  let last: FrameJson | undefined;
  return {
    add({ iteration, image }) {
      if (!image) return;
      last = { iteration, picture: image };
      if (seen++ % stride === 0) kept.push(last);
      if (kept.length < 2 * MOST_FRAMES) return;
      kept = kept.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    list() {
      const all = last && kept.at(-1) !== last ? [...kept, last] : kept;
      if (all.length <= MOST_FRAMES) return all;
      const step = (all.length - 1) / (MOST_FRAMES - 1);
      return Array.from({ length: MOST_FRAMES }, (_, i) => all[Math.round(i * step)]!);
    },
  };
}

// Searches side by side on a matching that only counts: what shares a run, who leaves, and what happens to failures.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sideBySide } from "./lanes.js";
import type { Candidate, Matching, MatchingStep } from "./matching.js";

/** A matching whose objective is the first pixel; keeps the first pixels of every run. */
function counting(restarts: number, fails: (run: number) => boolean = () => false) {
  const runs: number[][] = [];
  const evaluateAll = async (candidates: readonly Candidate[]): Promise<MatchingStep[]> => {
    runs.push(candidates.map(({ images }) => images[0]!));
    if (fails(runs.length)) throw new Error(`run ${runs.length} failed`);
    return candidates.map(({ images }) => ({
      objective: images[0]!,
      distance: images[0]!,
      imageGradient: images,
      labelGradient: null,
    }));
  };
  const matching: Matching = {
    restarts,
    imageSize: 1,
    labelSize: 0,
    targetNorm: 1,
    evaluateAll,
    evaluate: async (images, labels) => (await evaluateAll([{ images, labels }]))[0]!,
    dispose: async () => {},
  };
  return { matching, runs };
}

const none = new Float64Array(0);

/** A search that asks `asks` times with 10·lane + 0, 1, … and checks that it gets its own answers. */
const search =
  (lane: number, asks: number, ended: number[] = []): Parameters<typeof sideBySide>[1][number] =>
  async (evaluate) => {
    for (let ask = 0; ask < asks; ask++) {
      const { objective } = await evaluate(Float64Array.of(10 * lane + ask), none);
      if (objective !== 10 * lane + ask) throw new Error(`lane ${lane} got ${objective}`);
      // Searches do not answer at the same pace.
      for (let pause = 0; pause < (lane * 7 + ask) % 3; pause++) await null;
    }
    ended.push(lane);
  };

describe("searches side by side", () => {
  it("share every run until one leaves", async () => {
    const { matching, runs } = counting(3);
    const ended: number[] = [];
    await sideBySide(matching, [search(0, 2, ended), search(1, 4, ended), search(2, 3, ended)]);
    expect(runs).toEqual([[0, 10, 20], [1, 11, 21], [12, 22], [13]]);
    expect(ended).toEqual([0, 2, 1]);
  });

  it("take as many runs as the longest search asks, whatever the others do", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }), async (asks) => {
        const { matching, runs } = counting(asks.length);
        await sideBySide(
          matching,
          asks.map((count, lane) => search(lane, count)),
        );
        expect(runs).toHaveLength(Math.max(...asks));
        expect(runs.flat()).toHaveLength(asks.reduce((sum, count) => sum + count, 0));
        for (const run of runs) expect(run).toEqual([...run].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  it("all end with the first failure of a search", async () => {
    const { matching, runs } = counting(3);
    let others = 0;
    const endless: Parameters<typeof sideBySide>[1][number] = async (evaluate) => {
      try {
        for (;;) await evaluate(Float64Array.of(1), none);
      } finally {
        others++;
      }
    };
    const failing: typeof endless = async (evaluate) => {
      await evaluate(Float64Array.of(2), none);
      throw new Error("aborted");
    };
    await expect(sideBySide(matching, [endless, failing, endless])).rejects.toThrow("aborted");
    expect(others).toBe(2);
    expect(runs.length).toBeLessThan(4);
  });

  it("all end with a run that fails", async () => {
    const { matching } = counting(2, (run) => run === 2);
    await expect(sideBySide(matching, [search(0, 5), search(1, 5)])).rejects.toThrow("run 2 failed");
  });

  it("are no more than a run can serve", async () => {
    const { matching } = counting(1);
    await expect(sideBySide(matching, [search(0, 1), search(1, 1)])).rejects.toThrow(
      "serves 1 searches side by side, got 2",
    );
  });
});

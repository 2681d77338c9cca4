import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { sampleCohort } from "./sampling.js";

const pool = [3, 5, 8, 13, 21, 34, 55, 89];
const rounds = 4000;

describe("a cohort", () => {
  it("is everybody", () => {
    expect(sampleCohort({ kind: "all" }, pool, createRandom(1))).toEqual(pool);
  });

  it("of fixed size holds that many clients, each once and in the pool's order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: pool.length }), fc.integer(), (size, seed) => {
        const cohort = sampleCohort({ kind: "fixed", size }, pool, createRandom(seed));
        expect(cohort).toHaveLength(size);
        expect(pool.filter((client) => cohort.includes(client))).toEqual(cohort);
      }),
    );
  });

  it.each([
    { kind: "fixed", size: 2 },
    { kind: "poisson", probability: 0.25 },
  ] as const)("by $kind takes every client equally often", (rule) => {
    const random = createRandom(2);
    const taken = new Map(pool.map((client) => [client, 0]));
    for (let round = 0; round < rounds; round++) {
      for (const client of sampleCohort(rule, pool, random.split(round))) taken.set(client, taken.get(client)! + 1);
    }
    const deviation = Math.sqrt(rounds * 0.25 * 0.75);
    for (const count of taken.values()) expect(Math.abs(count - rounds / 4)).toBeLessThan(4 * deviation);
  });

  it("by Poisson sampling is binomial in size, and may be empty", () => {
    const random = createRandom(3);
    const sizes = Array.from(
      { length: rounds },
      (_, round) => sampleCohort({ kind: "poisson", probability: 0.25 }, pool, random.split(round)).length,
    );
    const empty = sizes.filter((size) => size === 0).length / rounds;
    expect(Math.abs(empty - 0.75 ** pool.length)).toBeLessThan(0.02);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / rounds;
    const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / rounds;
    expect(variance).toBeCloseTo(pool.length * 0.25 * 0.75, 0);
  });

  it("says what cannot be drawn", () => {
    const random = createRandom(1);
    expect(() => sampleCohort({ kind: "fixed", size: 9 }, pool, random)).toThrow(
      "a cohort of 9 was asked for, but there are 8",
    );
    for (const size of [0, 1.5, Number.NaN]) {
      expect(() => sampleCohort({ kind: "fixed", size }, pool, random)).toThrow(/whole number of 1 or more/);
    }
    for (const probability of [0, 1.1, Number.NaN]) {
      expect(() => sampleCohort({ kind: "poisson", probability }, pool, random)).toThrow(/probability above 0/);
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, type RoundAggregationName, roundAggregations } from "./round-aggregation.js";

const names = Object.keys(roundAggregations) as RoundAggregationName[];
const vector = (...values: number[]) => Float64Array.from(values);
const vote = (
  name: RoundAggregationName,
  directions: Float64Array[],
  trusted: number,
  distances = directions.map(() => 0),
) => [...roundAggregations[name]({ directions, distances, trusted })];

describe("one direction out of several rounds", () => {
  // Three rounds agree about, two are far away, each in its own way.
  const rounds = [vector(1, 0), vector(1.2, 0.2), vector(-9, 4), vector(0.8, -0.2), vector(0, -7)];
  const distances = [0.2, 0.1, 0.9, 0.3, 0.8];

  it.each<[RoundAggregationName, number[]]>([
    ["mean", [-6 / 5, -3 / 5]],
    ["coordinate-median", [0.8, 0]],
    ["trimmed-mean", [0.8, 0]],
    ["krum", [1, 0]],
    ["multi-krum", [1, 0]],
    ["loss-trimmed", [1, 0]],
  ])("%s", (name, expected) => {
    vote(name, rounds, 3, distances).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 12);
    });
  });

  it("multi-Krum averages as many rounds as each has neighbours, Krum takes the best of them", () => {
    const line = [0, 1, 2, 3, 20, -30].map((value) => vector(value));
    // Two nearest of four trusted: 1 and 2 lie at 1 + 1, 0 and 3 at 1 + 4.
    expect(vote("multi-krum", line, 4)).toEqual([1.5]);
    expect(vote("krum", line, 4)).toEqual([1]);
  });

  it("of one round is that round, and of equal rounds their direction", () => {
    for (const name of names) {
      expect(vote(name, [vector(3, -1)], 1)).toEqual([3, -1]);
      expect(vote(name, [vector(2, 4), vector(2, 4), vector(2, 4)], 2)).toEqual([2, 4]);
    }
  });

  it("trims one round at either end where one is not trusted", () => {
    expect(
      vote(
        "trimmed-mean",
        [1, 2, 3, 50].map((value) => vector(value)),
        3,
      ),
    ).toEqual([2.5]);
  });

  it("does not depend on the order of rounds", () => {
    const drawn = fc.array(
      fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })),
      {
        minLength: 3,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(drawn, fc.nat(5), (pairs, turn) => {
        const turned = pairs.map((_, i) => pairs[(i + turn) % pairs.length]!);
        // Distances without ties, so that there is one choice.
        const far = new Map(pairs.map((pair, i) => [pair, i + 1]));
        const of = (list: typeof pairs) => (name: RoundAggregationName) =>
          vote(
            name,
            list.map((pair) => vector(...pair)),
            2,
            list.map((pair) => far.get(pair)!),
          );
        for (const name of ["mean", "coordinate-median", "trimmed-mean", "loss-trimmed"] as const) {
          of(turned)(name).forEach((value, i) => {
            expect(value).toBeCloseTo(of(pairs)(name)[i]!, 9);
          });
        }
      }),
    );
  });

  it("robust ones stay bounded when rounds that are not trusted grow without bound", () => {
    for (const name of names) {
      const far = [
        ...Array.from({ length: 7 }, (_, i) => vector(1 + i / 100)),
        ...[1, 2, 3].map((i) => vector(i * 1e6)),
      ];
      const [value] = vote(
        name,
        far,
        7,
        far.map((_, round) => round),
      );
      if (name === "mean") expect(value).toBeGreaterThan(1e5);
      else expect(value).toBeLessThan(1.1);
    }
  });

  it("knows the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 10])).toBe(3);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { type Partition, partitionRecords } from "./partition.js";

const kinds: fc.Arbitrary<Partition> = fc.oneof(
  fc.constant<Partition>({ kind: "iid" }),
  fc.double({ min: 1e-3, max: 1e3, noNaN: true }).map((alpha): Partition => ({ kind: "dirichlet", alpha })),
  fc.integer({ min: 1, max: 3 }).map((perClient): Partition => ({ kind: "shards", perClient })),
);
const labelled = (count: number, classes: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.integer(classes));
};
/** Distinct labels of each client. */
const classCounts = (parts: readonly (readonly number[])[], labels: readonly number[]) =>
  parts.map((records) => new Set(records.map((record) => labels[record])).size);

describe("a partition", () => {
  it("gives every record to exactly one client and leaves nobody empty", () => {
    fc.assert(
      fc.property(
        kinds,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 36, max: 200 }),
        fc.integer(),
        (kind, clients, count, seed) => {
          const labels = labelled(count, 5, seed);
          const parts = partitionRecords(labels, clients, kind, createRandom(seed));
          expect(parts).toHaveLength(clients);
          expect(parts.every(({ length }) => length > 0)).toBe(true);
          expect(parts.flat().sort((a, b) => a - b)).toEqual(labels.map((_, record) => record));
        },
      ),
    );
  });

  it("is the same for the same stream, and another for another", () => {
    const labels = labelled(100, 10, 1);
    for (const partition of [
      { kind: "iid" },
      { kind: "dirichlet", alpha: 0.5 },
      { kind: "shards", perClient: 2 },
    ] as const) {
      const [first, again, other] = [3, 3, 4].map((seed) => partitionRecords(labels, 7, partition, createRandom(seed)));
      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
    }
  });

  it("deals iid parts of equal size, in no order", () => {
    const parts = partitionRecords(labelled(103, 10, 2), 10, { kind: "iid" }, createRandom(1));
    expect(new Set(parts.map(({ length }) => length))).toEqual(new Set([10, 11]));
    expect(parts.some((part) => part.some((record, i) => record < part[i - 1]!))).toBe(true);
  });

  it("gives a client of two shards records of few classes, shards of one size", () => {
    const labels = Array.from({ length: 200 }, (_, record) => record % 10);
    const parts = partitionRecords(labels, 10, { kind: "shards", perClient: 2 }, createRandom(1));
    expect(parts.every(({ length }) => length === 20)).toBe(true);
    expect(Math.max(...classCounts(parts, labels))).toBeLessThanOrEqual(2);
  });

  it("is more uneven the smaller alpha is", () => {
    const labels = Array.from({ length: 1000 }, (_, record) => record % 10);
    /** Mean share of a client's most frequent class. */
    const skew = (alpha: number) => {
      const parts = partitionRecords(labels, 10, { kind: "dirichlet", alpha }, createRandom(8));
      const shares = parts.map((records) => {
        const counts = new Array<number>(10).fill(0);
        for (const record of records) counts[labels[record]!]!++;
        return Math.max(...counts) / records.length;
      });
      return shares.reduce((sum, share) => sum + share, 0) / shares.length;
    };
    const skews = [1e4, 10, 1, 0.1].map(skew);
    expect(skews[0]).toBeLessThan(0.13);
    expect(skews[3]).toBeGreaterThan(0.5);
    expect([...skews].sort((a, b) => a - b)).toEqual(skews);
  });

  it("says when there are too few records", () => {
    const random = createRandom(1);
    expect(() => partitionRecords([0, 1], 3, { kind: "iid" }, random)).toThrow(
      "2 records cannot be dealt to 3 clients",
    );
    expect(() => partitionRecords([0, 1, 2], 2, { kind: "shards", perClient: 2 }, random)).toThrow(
      "3 records cannot be dealt to 2 clients with 2 shards each",
    );
    expect(() => partitionRecords([0, 1], 0, { kind: "iid" }, random)).toThrow(RangeError);
    expect(() => partitionRecords([0, 1], 2, { kind: "dirichlet", alpha: 0 }, random)).toThrow(/concentration above 0/);
  });
});

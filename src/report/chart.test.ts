// Places of points on the logarithmic axis, and words where nothing can be drawn.
import { describe, expect, it } from "vitest";
import { decadesBetween, lossChart } from "./chart.js";
import { textOf } from "./escape.js";

const points = (curve: { iteration: number; loss: number }[]) =>
  /polyline points="([^"]*)"/
    .exec(textOf(lossChart(curve)))?.[1]
    ?.split(" ")
    .map((pair) => pair.split(",").map(Number));

describe("lossChart", () => {
  it("puts equal factors of the loss at equal distances", () => {
    const drawn = points([100, 10, 1, 0.1].map((loss, iteration) => ({ iteration, loss })))!;
    const steps = drawn.slice(1).map(([, y], i) => y! - drawn[i]![1]!);
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 0);
    expect(steps[0]).toBeGreaterThan(0);
    expect(drawn[1]![0]! - drawn[0]![0]!).toBeCloseTo(drawn[3]![0]! - drawn[2]![0]!, 0);
  });

  it("says how many points a logarithmic axis cannot show", () => {
    const chart = textOf(lossChart([1, 0.1, 0, -2].map((loss, iteration) => ({ iteration, loss }))));
    expect(chart).toContain("2 points at or below zero are not drawn");
  });

  it("has words for a curve that cannot be drawn, and finite places for a flat one", () => {
    expect(textOf(lossChart([]))).toContain("no loss curve");
    expect(textOf(lossChart([{ iteration: 0, loss: 0 }]))).toContain("no positive value");
    expect(textOf(lossChart([{ iteration: 0, loss: 2 }]))).toContain("one point");
    const flat = points([0, 1].map((iteration) => ({ iteration, loss: 0.5 })))!;
    expect(flat.flat().every(Number.isFinite)).toBe(true);
  });

  it("thins long curves and keeps both ends", () => {
    const drawn = points(Array.from({ length: 24_001 }, (_, iteration) => ({ iteration, loss: 1 + iteration })))!;
    expect(drawn.length).toBeLessThan(510);
    expect([drawn[0]![0], drawn.at(-1)![0]]).toEqual([64, 548]);
  });
});

it("finds the decades inside a range", () => {
  expect(decadesBetween(0.5, 200)).toEqual([1, 10, 100]);
  expect(decadesBetween(2, 5)).toEqual([]);
  expect(decadesBetween(1e-12, 1).length).toBeLessThanOrEqual(7);
});

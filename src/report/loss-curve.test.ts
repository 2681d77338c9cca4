// Places of points on the logarithmic axis, and words where nothing can be drawn.
import { describe, expect, it } from "vitest";
import { type CurveChart, chartCurves, decadesBetween } from "./loss-curve.js";

type Points = { iteration: number; loss: number }[];
const chartOf = (...curves: Points[]) =>
  chartCurves(
    curves.map((points, i) => ({ label: `run ${i}`, role: i === 0 ? "main" : "start", points })),
  ) as CurveChart;
const placesOf = ({ points }: CurveChart["lines"][number]) =>
  points.split(" ").map((pair) => pair.split(",").map(Number));
const drawn = (points: Points) => placesOf(chartOf(points).lines[0]!);

describe("chartCurves", () => {
  it("puts equal factors of the loss at equal distances", () => {
    const places = drawn([100, 10, 1, 0.1].map((loss, iteration) => ({ iteration, loss })));
    const steps = places.slice(1).map(([, y], i) => y! - places[i]![1]!);
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 0);
    expect(steps[0]).toBeGreaterThan(0);
    expect(places[1]![0]! - places[0]![0]!).toBeCloseTo(places[3]![0]! - places[2]![0]!, 0);
  });

  it("counts the points that a logarithmic axis cannot show", () => {
    expect(chartOf([1, 0.1, 0, -2].map((loss, iteration) => ({ iteration, loss }))).hidden).toBe(2);
  });

  it("has words for a curve that cannot be drawn, and finite places for a flat one", () => {
    expect(chartOf([])).toContain("no loss curve");
    expect(chartOf([{ iteration: 0, loss: 0 }])).toContain("no positive value");
    expect(chartOf([{ iteration: 0, loss: 2 }])).toContain("one point");
    const flat = drawn([0, 1].map((iteration) => ({ iteration, loss: 0.5 })));
    expect(flat.flat().every(Number.isFinite)).toBe(true);
  });

  it("thins long curves and keeps both ends", () => {
    const places = drawn(Array.from({ length: 24_001 }, (_, iteration) => ({ iteration, loss: 1 + iteration })));
    expect(places.length).toBeLessThan(510);
    expect([places[0]![0], places.at(-1)![0]]).toEqual([64, 548]);
  });

  it("draws several runs on common axes", () => {
    const chart = chartOf(
      [1, 0.1].map((loss, iteration) => ({ iteration, loss })),
      [1, 0.01, 0.001].map((loss, iteration) => ({ iteration, loss })),
    );
    const [short, long] = chart.lines.map(placesOf);
    expect(short![1]![0]).toBeCloseTo(long![1]![0]!, 1);
    expect(long!.at(-1)![1]).toBeGreaterThan(short!.at(-1)![1]!);
    expect([chart.from, chart.to]).toEqual([0, 2]);
    expect(chart.lines.map(({ role }) => role)).toEqual(["main", "start"]);
  });
});

it("finds the decades inside a range", () => {
  expect(decadesBetween(0.5, 200)).toEqual([1, 10, 100]);
  expect(decadesBetween(2, 5)).toEqual([]);
  expect(decadesBetween(1e-12, 1).length).toBeLessThanOrEqual(7);
});

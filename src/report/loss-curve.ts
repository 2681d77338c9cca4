// Places of loss curves on linear iterations and a logarithmic loss: what a chart draws, as plain numbers.
import { formatNumber } from "./figures.js";

/** One run's objective. */
export interface Curve {
  readonly label: string;
  /** The run that is told of, another start of it, or another case. */
  readonly role: "main" | "start" | "other";
  readonly points: readonly { readonly iteration: number; readonly loss: number }[];
}

export interface CurveChart {
  readonly width: number;
  readonly height: number;
  readonly margin: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  /** Horizontal lines: their place and what stands beside them. */
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
  readonly from: number;
  readonly to: number;
  /** One per curve that can be drawn: `points` of an SVG polyline. */
  readonly lines: readonly { readonly label: string; readonly role: Curve["role"]; readonly points: string }[];
  /** Points at or below zero, which a logarithmic axis cannot show. */
  readonly hidden: number;
  readonly summary: string;
}

const width = 560;
const height = 220;
const margin = { left: 64, right: 12, top: 12, bottom: 34 };

/** More points than the chart has pixels to show. */
const MOST_POINTS = 500;

/** Powers of ten inside the range, thinned to at most six. */
export function decadesBetween(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / 6));
  const exponents = Array.from(
    { length: Math.max(0, Math.floor((last - first) / step) + 1) },
    (_, i) => first + i * step,
  );
  return exponents.map((exponent) => 10 ** exponent);
}

function thin(points: Curve["points"]): Curve["points"] {
  const stride = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

/** The chart of some curves on common axes; a sentence in its place when none has two points above zero. */
export function chartCurves(curves: readonly Curve[]): CurveChart | string {
  const total = curves.reduce((sum, { points }) => sum + points.length, 0);
  if (total === 0) return "This attack has no loss curve.";
  const positive = curves.map(({ points, ...curve }) => ({ ...curve, points: points.filter(({ loss }) => loss > 0) }));
  const shown = positive
    .filter(({ points }) => points.length > 1)
    .map((curve) => ({ ...curve, points: thin(curve.points) }));
  if (shown.length === 0) {
    return `The loss curve has ${positive.some(({ points }) => points.length === 1) ? "one point" : "no positive value"}.`;
  }
  const losses = shown.flatMap(({ points }) => points.map(({ loss }) => loss));
  const iterations = shown.flatMap(({ points }) => [points[0]!.iteration, points.at(-1)!.iteration]);
  // Half a decade of air around a flat line, so that its range is not empty.
  const [least, most] = losses.reduce(([a, b], loss) => [Math.min(a, loss), Math.max(b, loss)], [Infinity, 0]);
  const [low, high] = least === most ? [least / 3, most * 3] : [least, most];
  const from = Math.min(...iterations);
  const to = Math.max(...iterations);
  const x = (iteration: number) =>
    margin.left + ((iteration - from) / (to - from || 1)) * (width - margin.left - margin.right);
  const y = (loss: number) =>
    margin.top + (Math.log(high / loss) / Math.log(high / low)) * (height - margin.top - margin.bottom);
  const decades = decadesBetween(low, high);
  const [first] = shown;
  return {
    width,
    height,
    margin,
    from,
    to,
    ticks: (decades.length >= 2 ? decades : [low, high]).map((tick) => ({ y: y(tick), text: formatNumber(tick) })),
    lines: shown.map(({ label, role, points }) => ({
      label,
      role,
      points: points.map(({ iteration, loss }) => `${x(iteration).toFixed(1)},${y(loss).toFixed(1)}`).join(" "),
    })),
    hidden: total - positive.reduce((sum, { points }) => sum + points.length, 0),
    summary: `${shown.length > 1 ? `${shown.length} curves; ${first!.label}: loss` : "Loss"} from ${formatNumber(first!.points[0]!.loss)} at iteration ${first!.points[0]!.iteration} to ${formatNumber(first!.points.at(-1)!.loss)} at iteration ${first!.points.at(-1)!.iteration}, logarithmic axis`,
  };
}

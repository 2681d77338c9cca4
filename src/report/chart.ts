// The objective of an attack over its run as an inline SVG: linear iterations, logarithmic loss, no script.
import type { CellJson } from "../audit/audit-json.js";
import { type Html, html } from "./escape.js";
import { formatNumber } from "./figures.js";

const width = 560;
const height = 200;
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

/** Loss curve; a sentence in its place when fewer than two points can be drawn on a logarithmic axis. */
export function lossChart(curve: CellJson["curve"]): Html {
  if (curve.length === 0) return html`<p class="muted">This attack has no loss curve.</p>`;
  const drawable = curve.filter(({ loss }) => loss > 0);
  const hidden = curve.length - drawable.length;
  if (drawable.length < 2)
    return html`<p class="muted">The loss curve has ${drawable.length === 1 ? "one point" : "no positive value"}.</p>`;
  const stride = Math.ceil(drawable.length / MOST_POINTS);
  const points = drawable.filter((_, i) => i % stride === 0 || i === drawable.length - 1);
  const losses = points.map(({ loss }) => loss);
  // Half a decade of air around a flat line, so that its range is not empty.
  const flat = Math.min(...losses) === Math.max(...losses);
  const low = Math.min(...losses) / (flat ? 3 : 1);
  const high = Math.max(...losses) * (flat ? 3 : 1);
  const from = points[0]!.iteration;
  const to = points.at(-1)!.iteration;
  const x = (iteration: number) =>
    (margin.left + ((iteration - from) / (to - from || 1)) * (width - margin.left - margin.right)).toFixed(1);
  const y = (loss: number) =>
    (margin.top + (Math.log(high / loss) / Math.log(high / low)) * (height - margin.top - margin.bottom)).toFixed(1);
  const decades = decadesBetween(low, high);
  const ticks = decades.length >= 2 ? decades : [low, high];
  const bottom = height - margin.bottom;
  const label = `Loss from ${formatNumber(points[0]!.loss)} at iteration ${from} to ${formatNumber(points.at(-1)!.loss)} at iteration ${to}, logarithmic axis`;
  return html`<figure class="chart"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${ticks.map((tick) => html`<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${margin.left - 8}" y="${y(tick)}" dy="0.32em" text-anchor="end">${formatNumber(tick)}</text>`)}
<line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${bottom}" y2="${bottom}"/>
<text x="${margin.left}" y="${bottom + 16}">${from}</text><text x="${width - margin.right}" y="${bottom + 16}" text-anchor="end">${to}</text>
<text x="${(margin.left + width - margin.right) / 2}" y="${bottom + 28}" text-anchor="middle">iteration</text>
<polyline points="${points.map(({ iteration, loss }) => `${x(iteration)},${y(loss)}`).join(" ")}"/>
</svg><figcaption>Objective of the first batch's best start, logarithmic${hidden > 0 && html`; ${hidden} points at or below zero are not drawn`}</figcaption></figure>`;
}

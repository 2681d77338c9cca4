// Loss curves of one or several runs; the first is drawn strongest.
import { type Curve, chartCurves } from "../../../src/report/loss-curve.js";

export function LossChart({ curves, caption }: { curves: readonly Curve[]; caption: string }) {
  const chart = chartCurves(curves);
  if (typeof chart === "string") return <p class="muted">{chart}</p>;
  const { width, height, margin, ticks, from, to, lines, hidden, summary } = chart;
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
        {ticks.map(({ y, text }) => (
          <g key={text}>
            <line class="grid" x1={margin.left} x2={right} y1={y} y2={y} />
            <text x={margin.left - 8} y={y} dy="0.32em" text-anchor="end">
              {text}
            </text>
          </g>
        ))}
        <line class="axis" x1={margin.left} x2={right} y1={bottom} y2={bottom} />
        <text x={margin.left} y={bottom + 16}>
          {from}
        </text>
        <text x={right} y={bottom + 16} text-anchor="end">
          {to}
        </text>
        <text x={(margin.left + right) / 2} y={bottom + 28} text-anchor="middle">
          iteration
        </text>
        {lines.toReversed().map(({ label, role, points }, i) => (
          <polyline key={`${label}${i}`} class={role} points={points}>
            <title>{label}</title>
          </polyline>
        ))}
      </svg>
      <figcaption>
        {caption}
        {hidden > 0 && `; ${hidden} points at or below zero are not drawn`}
      </figcaption>
    </figure>
  );
}

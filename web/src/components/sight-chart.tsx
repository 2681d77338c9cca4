// Recovery against the nearest detector's distance from its threshold: a diamond for the rewritten model, a ring for the honest one.
import type { Sighting } from "../../../src/report/detectability.js";
import { formatNumber } from "../../../src/report/figures.js";
import { placeLabels } from "../../../src/report/place-labels.js";

const WIDTH = 640;
const HEIGHT = 300;
/** Of the longest name. */
const NAME_WIDTH = 240;
const MARGIN = { left: 56, right: 24, top: 16, bottom: 44 };

const x = (share: number) => MARGIN.left + 12 + share * (WIDTH - MARGIN.left - MARGIN.right - 24);
const y = (beyond: number) => MARGIN.top + ((1 - beyond) / 2) * (HEIGHT - MARGIN.top - MARGIN.bottom);

export function SightChart({ sightings }: { sightings: readonly Sighting[] }) {
  const drawn = sightings.flatMap(({ nearest, ...rest }) => (nearest ? [{ ...rest, nearest }] : []));
  if (drawn.length === 0) return <p class="muted">No detector had anything to look at.</p>;
  const [right, bottom] = [WIDTH - MARGIN.right, HEIGHT - MARGIN.bottom];
  const told = drawn.map(
    ({ cell, recovery, nearest }) =>
      `${cell.attackTitle}: ${Math.round(100 * recovery)} % recovered, ${nearest.title} at ${formatNumber(nearest.beyond!)}`,
  );
  const names = placeLabels(
    drawn.map(({ cell, recovery, nearest }) => ({
      text: cell.defense === "none" ? cell.attackTitle : `${cell.attackTitle}, defended`,
      x: x(recovery) + (recovery > 0.5 ? -12 : 12),
      y: y(nearest.beyond!) + 4,
      end: recovery > 0.5,
    })),
    NAME_WIDTH,
  );
  return (
    <figure class="chart trade-off sight-chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Recovery against distance from the threshold. ${told.join("; ")}`}
      >
        <rect class="seen" x={MARGIN.left} y={MARGIN.top} width={right - MARGIN.left} height={y(0) - MARGIN.top} />
        <line class="copy" x1={MARGIN.left} x2={right} y1={y(0)} y2={y(0)} />
        <text x={MARGIN.left + 6} y={y(0) - 6}>
          above: an alarm
        </text>
        {[-1, -0.5, 0, 0.5, 1].map((tick) => (
          <text key={tick} x={MARGIN.left - 8} y={y(tick)} dy="0.32em" text-anchor="end">
            {tick}
          </text>
        ))}
        {[0, 0.5, 1].map((tick) => (
          <text key={tick} x={x(tick)} y={bottom + 18} text-anchor="middle">
            {100 * tick} %
          </text>
        ))}
        <line class="axis" x1={MARGIN.left} x2={right} y1={bottom} y2={bottom} />
        <line class="axis" x1={MARGIN.left} x2={MARGIN.left} y1={MARGIN.top} y2={bottom} />
        <text x={(MARGIN.left + right) / 2} y={HEIGHT - 6} text-anchor="middle">
          pictures recovered
        </text>
        <text transform={`translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)`} text-anchor="middle">
          detector, from its threshold
        </text>
        {drawn.map(({ cell, recovery, nearest, detection }) => {
          const at = x(recovery);
          const armed = y(nearest.beyond!);
          const honest = nearest.honest.beyond;
          return (
            <g key={`${cell.key} ${cell.threat}`} class={detection.detected ? "stops" : "leaks"}>
              {honest !== null && <line class="link" x1={at} x2={at} y1={armed} y2={y(honest)} />}
              {honest !== null && <circle class="honest" cx={at} cy={y(honest)} r="6" />}
              <path class="armed" d={`M${at} ${armed - 8}l8 8l-8 8l-8 -8z`}>
                <title>{`${cell.attackTitle}: ${nearest.title}`}</title>
              </path>
            </g>
          );
        })}
        {names.map(({ text, end, ...place }) => (
          <text key={`${text} ${place.y}`} class="name" {...place} text-anchor={end ? "end" : "start"}>
            {text}
          </text>
        ))}
      </svg>
      <figcaption>
        ◆ the model that the server sent, ○ the honest model; of each attack, the detector that comes nearest to an
        alarm.
      </figcaption>
    </figure>
  );
}

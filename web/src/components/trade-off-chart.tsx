// Leakage against utility: a circle per defense for the attacker who does not know it, a diamond for the one who does, and the Pareto line.
import { formatFigure, formatNumber } from "../../../src/report/figures.js";
import { type Axis, type Offer, paretoFront, placesOf } from "../../../src/report/trade-off.js";

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = { left: 56, right: 24, top: 20, bottom: 46 };
/** From here a picture counts as recovered. */
const COPY_DB = 30;

export function TradeOffChart({ offers, axis }: { offers: readonly Offer[]; axis: Axis }) {
  const places = placesOf(offers, axis);
  if (places.length === 0) return <p class="muted">No defense has both a decided leakage and a measured cost.</p>;
  const decibels = places.flatMap(({ offer }) =>
    [offer.plain?.psnr, offer.adaptive?.psnr].filter((y) => typeof y === "number"),
  );
  const top = Math.max(COPY_DB + 5, ...decibels) * 1.05;
  const left = Math.min(0, ...places.map((place) => place.x));
  const x = (value: number) => MARGIN.left + ((value - left) / (1 - left)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) =>
    HEIGHT - MARGIN.bottom - (Math.max(0, value) / top) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const front = paretoFront(places);
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const told = places.map(
    ({ offer, x: cost, y: leak }) => `${offer.title}: ${formatFigure("psnr", leak)} at ${formatNumber(cost)}`,
  );
  return (
    <figure class="chart trade-off">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Leakage against ${axis.title}. ${told.join("; ")}`}
      >
        <rect
          class="danger"
          x={MARGIN.left}
          y={MARGIN.top}
          width={right - MARGIN.left}
          height={y(COPY_DB) - MARGIN.top}
        />
        <line class="copy" x1={MARGIN.left} x2={right} y1={y(COPY_DB)} y2={y(COPY_DB)} />
        <text x={MARGIN.left + 6} y={y(COPY_DB) - 6}>
          30 dB and more: a copy
        </text>
        {[0, 20, 40, 60, 80, 100, 120]
          .filter((tick) => tick < top)
          .map((tick) => (
            <text key={tick} x={MARGIN.left - 8} y={y(tick)} dy="0.32em" text-anchor="end">
              {tick}
            </text>
          ))}
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <text key={tick} x={x(tick)} y={bottom + 18} text-anchor="middle">
            {tick}
          </text>
        ))}
        <line class="axis" x1={MARGIN.left} x2={right} y1={bottom} y2={bottom} />
        <line class="axis" x1={MARGIN.left} x2={MARGIN.left} y1={MARGIN.top} y2={bottom} />
        <text x={(MARGIN.left + right) / 2} y={HEIGHT - 8} text-anchor="middle">
          {axis.title} → better
        </text>
        <text transform={`translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)`} text-anchor="middle">
          best PSNR, dB → leaks more
        </text>
        {front.length > 1 && (
          <polyline class="front" points={front.map((place) => `${x(place.x)},${y(place.y)}`).join(" ")} />
        )}
        {places.map(({ offer, x: cost }, i) => {
          const at = x(cost);
          const plain = offer.plain?.psnr ?? null;
          const known = offer.adaptive?.psnr ?? null;
          const label = plain ?? known ?? 0;
          const anchor = at > WIDTH * 0.75 ? "end" : "start";
          return (
            <g key={`${offer.defense} ${offer.options}`} class={offer.stops ? "stops" : "leaks"}>
              {plain !== null && known !== null && <line class="link" x1={at} x2={at} y1={y(plain)} y2={y(known)} />}
              {plain !== null && <circle cx={at} cy={y(plain)} r="6" />}
              {known !== null && <path d={`M${at} ${y(known) - 8}l8 8l-8 8l-8 -8z`} />}
              <text
                class="name"
                x={at + (anchor === "end" ? -12 : 12)}
                y={y(label) + (i % 2 === 0 ? -6 : 16)}
                text-anchor={anchor}
              >
                {offer.title}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>
        ● attacker unaware of the defense, ◆ attacker who knows it. The line joins the defenses that none beats in both
        leakage and {axis.title}. Lower right is best.
      </figcaption>
    </figure>
  );
}

// The curves of docs/surrogate-shift.json as an SVG: one panel per data set, PSNR over severity, and the floor beside each curve, dashed.
const WIDTH = 420;
const HEIGHT = 310;
const margin = { left: 40, right: 20, top: 30, bottom: 62 };
/** Where another source stands, to the right of the severities. */
const OTHER = 1.12;
const LEGEND = 95;

/** Of Okabe and Ito, told apart by the colour-blind, and each with a mark of its own; `aside` in pixels, so that seeds' ranges do not hide each other. */
const looks = {
  corruption: { colour: "#0072b2", mark: "circle", aside: 0 },
  style: { colour: "#d55e00", mark: "square", aside: -5 },
  classes: { colour: "#009e73", mark: "triangle", aside: 5 },
  "other source": { colour: "#555555", mark: "cross", aside: 0 },
};

const mean = (figures) => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;

/** Mean over all pictures of a point, and the means of its seeds, in their order. */
export const summaryOf = ({ seeds }, figure) => ({
  mean: mean(seeds.flatMap((seed) => seed[figure])),
  perSeed: seeds.map((seed) => mean(seed[figure])),
});

const number = (value) => value.toFixed(1);
const line = ([x1, y1], [x2, y2], look) =>
  `<line x1="${number(x1)}" y1="${number(y1)}" x2="${number(x2)}" y2="${number(y2)}" ${look}/>`;
const label = (x, y, text, anchor = "middle", more = "") =>
  `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}"${more}>${text}</text>`;

/** A mark around a point, as an SVG path. */
const outlines = {
  circle: (x, y) => `M${number(x - 3.5)} ${number(y)}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z`,
  square: (x, y) => `M${number(x - 3.2)} ${number(y - 3.2)}h6.4v6.4h-6.4Z`,
  triangle: (x, y) => `M${number(x - 4)} ${number(y + 3.5)}h8l-4 -7.5Z`,
  cross: (x, y) => `M${number(x - 4)} ${number(y - 4)}l8 8m-8 0l8 -8`,
};
const markAt = (mark, x, y, colour) =>
  `<path d="${outlines[mark](x, y)}" fill="${colour}" stroke="${colour}" stroke-width="${mark === "cross" ? 2 : 0.5}"/>`;

/** One data set: `range` in dB, `offset` in pixels from the left. */
function panel(points, title, [low, high], offset) {
  const x = (severity) => offset + margin.left + (severity / OTHER) * (WIDTH - margin.left - margin.right);
  const y = (decibels) => margin.top + ((high - decibels) / (high - low)) * (HEIGHT - margin.top - margin.bottom);
  const placeOf = ({ kind, severity }) => x(kind === "other source" ? OTHER : severity);
  const start = points.filter(({ kind }) => kind === "none");
  const curves = Object.entries(looks).flatMap(([kind, { colour, mark, aside }]) => {
    const own = points.filter((point) => point.kind === kind);
    const isCurve = kind !== "other source";
    const path = (figure, look) =>
      `<polyline points="${[...start, ...own].map((point) => `${number(placeOf(point))},${number(y(summaryOf(point, figure).mean))}`).join(" ")}" fill="none" stroke="${colour}" ${look}/>`;
    return [
      ...(isCurve
        ? [path("psnr", 'stroke-width="2"'), path("floor", 'stroke-width="1.5" stroke-dasharray="4 4"')]
        : []),
      ...own.flatMap((point) => {
        const { mean: centre, perSeed } = summaryOf(point, "psnr");
        const across = placeOf(point) + aside;
        const floor = y(summaryOf(point, "floor").mean);
        return [
          line(
            [across, y(Math.max(...perSeed))],
            [across, y(Math.min(...perSeed))],
            `stroke="${colour}" stroke-opacity="0.5"`,
          ),
          markAt(mark, placeOf(point), y(centre), colour),
          ...(isCurve
            ? []
            : [line([across - 8, floor], [across + 8, floor], `stroke="${colour}" stroke-dasharray="4 4"`)]),
        ];
      }),
    ];
  });
  const bottom = HEIGHT - margin.bottom;
  const ticks = Array.from({ length: Math.floor((high - low) / 5) + 1 }, (_, i) => low + 5 * i);
  return [
    label(offset + margin.left, 18, title, "start", ' font-weight="bold"'),
    ...ticks.flatMap((tick) => [
      line([x(0), y(tick)], [x(OTHER), y(tick)], 'stroke="#dddddd"'),
      label(x(0) - 8, y(tick) + 4, tick, "end"),
    ]),
    ...[0, 0.2, 0.4, 0.6, 0.8, 1].map((tick) => label(x(tick), bottom + 16, tick)),
    label(x(OTHER), bottom + 16, "other"),
    label(x(0.5), bottom + 33, "severity of the shift"),
    ...curves,
  ];
}

/** The whole picture. Every point has a row in the page's table, too. */
export function shiftChart({ points, attack }) {
  const sets = [...new Set(points.map(({ data }) => data))];
  const figures = points.flatMap((point) => [...summaryOf(point, "psnr").perSeed, summaryOf(point, "floor").mean]);
  const range = [5 * Math.floor(Math.min(...figures) / 5), 5 * Math.ceil(Math.max(...figures) / 5)];
  const width = WIDTH * sets.length;
  const legend = Object.entries(looks).flatMap(([kind, { colour, mark }], i) => [
    markAt(mark, 20 + i * LEGEND, HEIGHT - 10, colour),
    label(30 + i * LEGEND, HEIGHT - 6, kind, "start"),
  ]);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222222" role="img">`,
    `<title>PSNR in dB of ${attack.id} over the severity of the shift of its surrogate pictures; dashed: the floor; thin lines: from the lowest to the highest seed</title>`,
    `<rect width="${width}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...sets.flatMap((data, i) => {
      const own = points.filter((point) => point.data === data);
      return panel(own, `${data}: PSNR in dB (dashed: floor)`, range, i * WIDTH);
    }),
    ...legend,
    "</svg>",
  ].join("\n")}\n`;
}

// The human table, valid Markdown so that it can be pasted into RESULTS.md.
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const digits = (value) => (value < 10 ? value.toPrecision(3) : value.toFixed(value < 100 ? 1 : 0));

const columns = [
  ["case", ({ name }) => name],
  ["batch", ({ batch }) => String(batch)],
  ["ours ms", ({ oursMs }) => digits(oursMs)],
  ["PyTorch ms", ({ peerMs }) => (peerMs === null ? "–" : digits(peerMs))],
  [
    "ratio (range)",
    ({ ratio, ratioRange }) =>
      ratio === null ? "–" : `${ratio.toFixed(2)} (${ratioRange.map((r) => r.toFixed(2)).join(" to ")})`,
  ],
  ["GFLOP", ({ gflop }) => gflop.toPrecision(3)],
  ["GFLOP/s", ({ gflops }) => digits(gflops)],
  ["of peak", ({ shareOfPeak }) => percent(shareOfPeak)],
  ["difference", ({ difference }) => (difference === null ? "–" : difference.toExponential(1))],
  ["rounds", ({ rounds, quiet }) => `${rounds}${quiet ? "" : " (not quiet)"}`],
  ["others' CPU", ({ othersShare }) => percent(othersShare)],
];

/** All cases, one per line, columns aligned. */
export function formatTable(cases) {
  const rows = [columns.map(([title]) => title), ...cases.map((c) => columns.map(([, show]) => show(c)))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}

// The human tables, valid Markdown so that they can stand in RESULTS.md.
import { labelOf } from "./cases.js";
import { ratios } from "./targets.js";

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const digits = (value) => (value < 10 ? value.toPrecision(3) : value.toFixed(value < 100 ? 1 : 0));
const spread = (value, [low, high]) => `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

function targetCell(row) {
  const target = ratios[labelOf(row)];
  if (target === undefined) return "–";
  if (row.ratio === null) return `≥ ${target}`;
  return `≥ ${target} ${row.ratio >= target ? "met" : "missed"}`;
}

const columns = [
  ["case", ({ name }) => name],
  ["batch", ({ batch }) => String(batch)],
  ["ours ms", ({ oursMs }) => digits(oursMs)],
  ["PyTorch ms", ({ peerMs }) => (peerMs === null ? "–" : digits(peerMs))],
  ["ratio (range)", ({ ratio, ratioRange }) => (ratio === null ? "–" : spread(ratio, ratioRange))],
  ["target", targetCell],
  ["GFLOP", ({ gflop }) => gflop.toPrecision(3)],
  ["GFLOP/s", ({ gflops }) => digits(gflops)],
  ["of peak", ({ shareOfPeak }) => percent(shareOfPeak)],
  ["error", ({ difference }) => (difference === null ? "–" : difference.toExponential(1))],
  ["rounds", ({ rounds, quiet }) => `${rounds}${quiet ? "" : " (not quiet)"}`],
  ["others' CPU", ({ othersShare }) => percent(othersShare)],
];

/** Rows of cells below a head, columns aligned. */
function align(titles, body) {
  const rows = [titles, ...body];
  const widths = titles.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** All cases, one per line; targets only where they refer to the PyTorch compared with. */
export function formatCases(measured, { targets }) {
  const shown = columns.filter(([title]) => targets || title !== "target");
  return align(
    shown.map(([title]) => title),
    measured.map((row) => shown.map(([, show]) => show(row))),
  );
}

/** Worker threads and footprint in words, one line each; those that were not measured are left out. */
export function formatExtras({ workers, footprint }) {
  const lines = [];
  if (workers) {
    const { label, oneMs, twoMs, speedup, speedupRange, rounds, quiet } = workers;
    lines.push(
      `Two worker threads with one-thread sessions, ${label}: ${digits(twoMs)} ms per step, one of them alone ` +
        `${digits(oneMs)} ms: ${spread(speedup, speedupRange)} times the throughput over ${rounds} rounds${quiet ? "" : " (not quiet)"}.`,
    );
  }
  if (footprint) {
    const { label, buildMs, peakMb } = footprint;
    lines.push(
      `Build and open ${label}: ${buildMs.toFixed(0)} ms; peak memory of its process ${peakMb.toFixed(0)} MB.`,
    );
  }
  return lines;
}

/** The kernel that shares of peak refer to, one line per precision. */
export const formatPeaks = (peaks) =>
  Object.entries(peaks).map(
    ([dtype, { gflops, kernel }]) => `Best kernel in ${dtype}: ${kernel}, ${gflops.toFixed(0)} GFLOP/s at the start.`,
  );

// Time to build and open a step, and the memory that it peaks at, each in a child process of its own.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "./statistics.js";

/** The case that is built. */
export const LABEL = "resnet18/l2:4";
const CHILD = fileURLToPath(new URL("./footprint-child.js", import.meta.url));

/** { label, buildMs, peakMb }: medians over `processes` children. MB are 10⁶ bytes. */
export async function measureFootprint(processes) {
  const figures = [];
  for (let i = 0; i < processes; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, LABEL]);
    figures.push(JSON.parse(stdout));
  }
  return {
    label: LABEL,
    buildMs: median(figures.map(({ buildMs }) => buildMs)),
    peakMb: median(figures.map(({ peakMb }) => peakMb)),
  };
}

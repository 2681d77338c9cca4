// A proof of an attack as cases, and its bars against what they measured (attacks/define.ts).
import type { Bar } from "../attacks/define.js";

/** "psnr of without-tv, mean, >= 20"; with `minus` "above". */
export function describeBar({ arm, minus, metric, over, op, value }: Bar): string {
  const what = typeof over === "string" ? over : `of ${Math.round(100 * over.share)} %`;
  const whose = minus === undefined ? arm : `${arm} minus ${minus}`;
  return `${metric} (${what}, ${whose}) ${op} ${value}`;
}

// Loss curves as they are stored: every start's, but no more of them and no longer than a chart can show, since an audit may have thousands of cells.
import type { LossCurve } from "../attacks/define.js";

const MOST_CURVES = 15;
const MOST_POINTS = 40;

/** Curves of the first starts, each with finite losses only, both ends kept and even steps between them; those without a point are left out. */
export function boundCurves(curves: readonly LossCurve[]): LossCurve[] {
  return curves
    .map((curve) => thin(curve.filter(({ loss }) => Number.isFinite(loss))))
    .filter((curve) => curve.length > 0)
    .slice(0, MOST_CURVES);
}

function thin(curve: LossCurve): LossCurve {
  const last = curve.length - 1;
  if (last < MOST_POINTS) return curve.map(rounded);
  return Array.from({ length: MOST_POINTS }, (_, i) => rounded(curve[Math.round((i * last) / (MOST_POINTS - 1))]!));
}

const rounded = ({ iteration, loss }: LossCurve[number]) => ({ iteration, loss: Number(loss.toPrecision(5)) });

// Measures one case: checks that both sides compute the same, then takes turns in blocks.
import { labelOf } from "./cases.js";
import { stepFlops } from "./flops.js";
import { openOurs } from "./ours.js";
import { openKernel } from "./peak.js";
import { collectRounds } from "./rounds.js";
import { median, range, timedBlock } from "./statistics.js";

/** Largest error against PyTorch in float64, relative to the largest number: spec/engine.md section 2, second order. */
const TOLERANCE = { float32: 2e-5, float64: 1e-10 };

/** The kernel's block is shorter by this factor: it takes a few ms, and steps are what is measured. */
const KERNEL_PART = 3;

/** Both sides compute something else; a comparison of speed would mean nothing. */
class DisagreementError extends Error {
  name = "DisagreementError";
}

/** Largest relative error of distance and image gradient. Throws DisagreementError above the tolerance. */
async function compare(benchCase, ours, peer) {
  const [mine, theirs] = [await ours.step(), await peer.check()];
  const largest = theirs.gradient.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  const worst = theirs.gradient.reduce(
    (error, value, i) => Math.max(error, Math.abs(value - mine.imageGradient[i])),
    0,
  );
  const size = Math.max(Math.abs(theirs.distance), ours.terms);
  const error = Math.max(worst / largest, Math.abs(mine.distance - theirs.distance) / size);
  const allowed = TOLERANCE[benchCase.dtype];
  if (error <= allowed) return error;
  throw new DisagreementError(
    `${labelOf(benchCase)}: PyTorch in float64 and leakscope differ by ${error.toExponential(1)} (allowed ${allowed}); ` +
      "compare the net in bench/nets.py with src/models",
  );
}

/** A block of each side, in turning order, and one of the machine's best kernel, since the machine's speed moves with time. */
async function takeTurns({ ours, peer, kernel }, oursFirst, blockMs) {
  let peerMs = null;
  let peerCpuMs = 0;
  const askPeer = async () => {
    if (peer) ({ ms: peerMs, cpuMs: peerCpuMs } = await peer.block(blockMs));
  };
  if (!oursFirst) await askPeer();
  const { ms: runMs, cpuMs } = await ours.block(blockMs);
  if (oursFirst) await askPeer();
  return {
    runMs,
    peerMs,
    elsewhereCpuMs: peerCpuMs + cpuMs,
    kernelMs: await timedBlock(kernel.run, blockMs / KERNEL_PART),
  };
}

/** Figures of a case from its rounds. */
function summarise(benchCase, { counted, quiet }, kernel) {
  const { name, batch, restarts = 1 } = benchCase;
  const compared = counted[0].peerMs !== null;
  const ratios = counted.map(({ peerMs, runMs }) => (peerMs * restarts) / runMs);
  const oursMs = median(counted.map(({ runMs }) => runMs)) / restarts;
  const gflop = stepFlops(benchCase) / 1e9;
  const shares = counted.map(({ runMs, kernelMs }) => (gflop * 1e9 * restarts * kernelMs) / (runMs * kernel.flops));
  return {
    name,
    batch,
    restarts,
    oursMs,
    peerMs: compared ? median(counted.map(({ peerMs }) => peerMs)) : null,
    ratio: compared ? median(ratios) : null,
    ratioRange: compared ? range(ratios) : null,
    gflop,
    gflops: (gflop * 1e3) / oursMs,
    shareOfPeak: median(shares),
    rounds: counted.length,
    quiet,
    othersShare: median(counted.map(({ others }) => others)),
  };
}

/**
 * Measures a case in `rounds` quiet rounds, or what `patienceMs` allows. `peer` is null without PyTorch, and then so
 * are `peerMs`, `ratio` and `difference`. Times are medians in ms per step and candidate, `ratio` is the median of peer
 * / ours by round. `open` is that of openOurs.
 */
export async function measureCase(benchCase, peer, peak, { blockMs, open, ...effort }) {
  const kernel = await openKernel(benchCase.dtype, peak.kernel);
  const ours = await openOurs(benchCase, { open });
  try {
    if (peer) await peer.open(benchCase, ours.shared);
    const difference = peer ? await compare(benchCase, ours, peer) : null;
    const rounds = await collectRounds((index) => takeTurns({ ours, peer, kernel }, index % 2 === 0, blockMs), effort);
    return { ...summarise(benchCase, rounds, kernel), difference };
  } finally {
    await ours.dispose();
    await kernel.dispose();
  }
}

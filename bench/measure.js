// Measures one case: checks that both sides compute the same, warms up, then takes turns in blocks and keeps the rounds in which the
// rest of the machine was quiet. Rounds are chosen by others' load alone, never by their result.
import { stepFlops } from "./cases.js";
import { machineTime, othersShare, waitForQuiet } from "./load.js";
import { openOurs } from "./ours.js";
import { median, range, timedBlock } from "./statistics.js";

/** Others may use this share of the machine in a round that counts as quiet. */
export const QUIET = 0.1;
const WINDOW_MS = 200;
/** After a rest both sides are up to 1.7 times slower for about a second (measured on a virtual machine); attacks run for minutes. */
const WARM_UP_ROUNDS = 4;
/** Largest disagreement with the peer, relative to the largest number: second-order error of spec/engine.md section 2, with room. */
const TOLERANCE = { float32: 1e-4, float64: 1e-10 };

const isQuiet = ({ others }) => others < QUIET;

/** Both sides compute something else; a comparison of speed would mean nothing. */
class DisagreementError extends Error {
  name = "DisagreementError";
}

/** Largest relative disagreement of distance and image gradient. Throws DisagreementError above the tolerance. */
async function compare({ name, batch, dtype }, ours, peer) {
  const [mine, theirs] = [await ours.step(), await peer.check(dtype)];
  const largest = theirs.gradient.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  const difference = theirs.gradient.reduce((d, value, i) => Math.max(d, Math.abs(value - mine.imageGradient[i])), 0);
  const error = Math.max(difference / largest, Math.abs(mine.distance - theirs.distance) / Math.abs(theirs.distance));
  if (error <= TOLERANCE[dtype]) return error;
  throw new DisagreementError(
    `${name}, batch ${batch}: PyTorch and leakscope differ by ${error.toExponential(1)} (allowed ${TOLERANCE[dtype]}); ` +
      "compare the net in bench/cases.js with src/models",
  );
}

/** One round: a block of each side, in turning order. */
async function takeRound(ours, peer, oursFirst, blockMs) {
  const before = machineTime();
  const cpu = process.cpuUsage();
  let peerMs = null;
  let peerCpu = 0;
  const askPeer = async () => {
    if (peer) ({ ms: peerMs, cpuMs: peerCpu } = await peer.block(blockMs));
  };
  if (!oursFirst) await askPeer();
  const oursMs = await timedBlock(ours.step, blockMs);
  if (oursFirst) await askPeer();
  const { user, system } = process.cpuUsage(cpu);
  return { oursMs, peerMs, others: othersShare(before, (user + system) / 1e3 + peerCpu) };
}

/** Figures of a case from its rounds. When fewer than `wanted` were quiet, all count and `quiet` is false. */
function summarise(benchCase, all, wanted, peak) {
  const calm = all.filter(isQuiet);
  const quiet = calm.length >= wanted;
  const counted = quiet ? calm : all;
  const oursMs = median(counted.map((round) => round.oursMs));
  const compared = counted[0].peerMs !== null;
  const ratios = counted.map((round) => round.peerMs / round.oursMs);
  const gflop = stepFlops(benchCase) / 1e9;
  const gflops = (gflop * 1e3) / oursMs;
  return {
    name: benchCase.name,
    batch: benchCase.batch,
    oursMs,
    peerMs: compared ? median(counted.map(({ peerMs }) => peerMs)) : null,
    ratio: compared ? median(ratios) : null,
    ratioRange: compared ? range(ratios) : null,
    gflop,
    gflops,
    shareOfPeak: gflops / peak.gflops,
    rounds: counted.length,
    quiet,
    othersShare: median(counted.map(({ others }) => others)),
  };
}

/**
 * Measures `rounds` quiet rounds of a case, or what `patienceMs` allows. `peer` is null without PyTorch, and then so are `peerMs`,
 * `ratio` and `difference`. Times are medians in ms per step, `ratio` is the median of peer / ours by round.
 */
export async function measureCase(benchCase, peer, peak, { rounds, blockMs, patienceMs }) {
  const ours = await openOurs(benchCase);
  try {
    let difference = null;
    if (peer) {
      await peer.open(benchCase, ours.shared);
      difference = await compare(benchCase, ours, peer);
    }
    const all = [];
    const deadline = performance.now() + patienceMs;
    while (all.filter(isQuiet).length < rounds && (all.length < rounds || performance.now() < deadline)) {
      if (all.length === 0 || !isQuiet(all.at(-1))) {
        await waitForQuiet({ limit: QUIET, window: WINDOW_MS, deadline });
        for (let i = 0; i < WARM_UP_ROUNDS; i++) await takeRound(ours, peer, true, blockMs);
      }
      all.push(await takeRound(ours, peer, all.length % 2 === 0, blockMs));
    }
    return { ...summarise(benchCase, all, rounds, peak), difference };
  } finally {
    await ours.dispose();
  }
}

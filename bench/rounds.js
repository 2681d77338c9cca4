// Takes rounds and keeps those in which the rest of the machine was quiet. Rounds are chosen by others' load alone,
// never by their result.
import { machineTime, othersShare, waitForQuiet } from "./load.js";

/** Others may use this share of the machine in a round that counts as quiet. */
export const QUIET = 0.1;
const WINDOW_MS = 200;
/** After a rest all sides are up to 1.7 times slower for a second (on a virtual machine); attacks run for minutes. */
const WARM_UP_ROUNDS = 4;

const isQuiet = ({ others }) => others < QUIET;

/** What `action` gives, and `others`: the share of the machine that neither this process nor its `elsewhereCpuMs` used. */
async function watched(action) {
  const before = machineTime();
  const cpu = process.cpuUsage();
  const result = await action();
  const { user, system } = process.cpuUsage(cpu);
  return { ...result, others: othersShare(before, (user + system) / 1e3 + (result.elsewhereCpuMs ?? 0)) };
}

/** Waits until the machine is quiet, at most `patienceMs`. */
export const waitQuietly = (patienceMs) =>
  waitForQuiet({ limit: QUIET, window: WINDOW_MS, deadline: performance.now() + patienceMs });

/**
 * `rounds` quiet rounds of `take(index)`, { counted, quiet }. At most `patienceMs` go into waiting and into rounds that
 * were not quiet; when that is not enough, all rounds count and `quiet` is false.
 */
export async function collectRounds(take, { rounds, patienceMs }) {
  const all = [];
  let patience = patienceMs;
  const spend = async (action) => {
    const start = performance.now();
    await action();
    patience -= performance.now() - start;
  };
  const settle = async () => {
    await waitQuietly(patience);
    for (let i = 0; i < WARM_UP_ROUNDS; i++) await take(i);
  };
  await settle();
  while (all.filter(isQuiet).length < rounds && (all.length < rounds || patience > 0)) {
    const start = performance.now();
    const round = await watched(() => take(all.length));
    all.push(round);
    if (isQuiet(round)) continue;
    patience -= performance.now() - start;
    if (patience > 0) await spend(settle);
  }
  const calm = all.filter(isQuiet);
  const quiet = calm.length >= rounds;
  return { counted: quiet ? calm : all, quiet };
}

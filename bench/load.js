// What the rest of the machine does while we measure: the share of all CPU time that went to other processes.
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** CPU time of the whole machine since boot, in ms: all of it, and the part that was not idle. */
export function machineTime() {
  let total = 0;
  let busy = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    total += sum;
    busy += sum - times.idle;
  }
  return { total, busy };
}

/** Share [0, 1] of the machine's time since `before` that others used, given the `ownMs` that the measured processes used. */
export function othersShare(before, ownMs) {
  const now = machineTime();
  const total = now.total - before.total;
  return total === 0 ? 0 : Math.min(1, Math.max(0, (now.busy - before.busy - ownMs) / total));
}

/**
 * Waits until others used less than `limit` of the machine for `window` ms, at most until `deadline` (performance.now()). Our own
 * processes must be at rest. Returns whether it got quiet.
 */
export async function waitForQuiet({ limit, window, deadline }) {
  for (;;) {
    const before = machineTime();
    await sleep(window);
    if (othersShare(before, 0) < limit) return true;
    if (performance.now() > deadline) return false;
  }
}

// A slow-down shown without PyTorch: the share of this machine's own kernels that a few steps reach, against shares that
// are committed.
import { readFile, writeFile } from "node:fs/promises";
import { caseOf } from "./cases.js";
import { stepFlops } from "./flops.js";
import { describeMachine } from "./machine.js";
import { openOurs } from "./ours.js";
import { openKernel } from "./peak.js";
import { collectRounds } from "./rounds.js";
import { median, timedBlock } from "./statistics.js";

/**
 * A case fails below this fraction of its committed share: a step that became twice as slow is at 0.5. A slower or
 * busier machine slows the kernel alike, and one thread on both sides takes the number of cores out. What is left is
 * the kind of CPU: the reference was taken with AVX-512, and narrower vectors should slow the kernel more than the rest
 * of a step, which raises the share (expected; no other CPU was at hand). Repeated on one machine, shares were 0.75 to
 * 1.2 of the reference, the extremes beside other programs.
 */
export const FRACTION = 0.65;

const LARGE = "Conv 64 channels 32x32";

/**
 * Cases and the kernels that they are measured by: one step that is all small nodes, one of middling and one of large
 * convolutions. Small nodes have a kernel of small nodes, since a busy neighbour on the host slows those by 1.7 and large
 * ones by 1.1.
 */
const kernels = {
  "lenet/l2:1": "Conv 12 channels 16x16",
  "convnet8/l2:1": LARGE,
  "resnet18/l2:1": LARGE,
};

/** Labels of the cases that are guarded. */
export const GUARDED = Object.keys(kernels);

/** Disturbance passes and a slow-down stays: a case below the limit is measured again, and the median counts. */
const ATTEMPTS = 3;
const ONE_THREAD = { threads: 1 };

class BadReferenceError extends Error {
  name = "BadReferenceError";
}

/** Share of the kernel's speed that a case reaches, median over rounds in which both take turns, each in one thread. */
async function measureShare(label, { blockMs, ...effort }) {
  const benchCase = caseOf(label);
  const flops = stepFlops(benchCase);
  const kernel = await openKernel("float32", kernels[label] ?? LARGE, ONE_THREAD);
  const ours = await openOurs(benchCase, ONE_THREAD);
  try {
    const take = async () => {
      const kernelMs = await timedBlock(kernel.run, blockMs);
      const oursMs = await timedBlock(ours.step, blockMs);
      return { share: flops / oursMs / (kernel.flops / kernelMs) };
    };
    const { counted } = await collectRounds(take, effort);
    return median(counted.map(({ share }) => share));
  } finally {
    await ours.dispose();
    await kernel.dispose();
  }
}

async function readShares(file) {
  const advice = `write it with "npm run bench -- --update-reference --reference ${file}"`;
  try {
    const { shares } = JSON.parse(await readFile(file, "utf8"));
    if (Object.values(shares).every((share) => share > 0)) return shares;
  } catch (error) {
    throw new BadReferenceError(`cannot read shares from ${file} (${error.message}); ${advice}`, { cause: error });
  }
  throw new BadReferenceError(`${file} has a share that is no number above 0; ${advice}`);
}

/**
 * Compares `labels` with the shares in `file`: a list of { label, share, reference, ok }. Throws BadReferenceError when
 * the file cannot be read or lacks a label.
 */
export async function guard(labels, file, effort) {
  const shares = await readShares(file);
  const verdicts = [];
  for (const label of labels) {
    const reference = shares[label];
    if (reference === undefined) {
      throw new BadReferenceError(`${file} has no share for "${label}", only for ${Object.keys(shares).join(", ")}`);
    }
    const attempts = [];
    let share = 0;
    while (attempts.length < ATTEMPTS && share < FRACTION * reference) {
      attempts.push(await measureShare(label, effort));
      share = median(attempts);
    }
    verdicts.push({ label, share, reference, ok: share >= FRACTION * reference });
  }
  return verdicts;
}

/** Measures `labels` and writes `file`. Returns the shares by label, medians over several measurements. */
export async function updateReference(labels, file, effort) {
  const shares = {};
  for (const label of labels) {
    const attempts = [];
    while (attempts.length < ATTEMPTS) attempts.push(await measureShare(label, effort));
    shares[label] = Number(median(attempts).toPrecision(3));
  }
  const { date, commit, cpu, node } = describeMachine();
  const about = "shares of a kernel's speed in one thread (guard.js), read by npm run bench -- --guard";
  await writeFile(file, `${JSON.stringify({ about, date, commit, cpu, node, shares }, null, 2)}\n`);
  return shares;
}

/** One verdict in words. */
export function tellGuard({ label, share, reference, ok }) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  return (
    `${label}: ${percent(share)} of its kernel's speed, reference ${percent(reference)}: ` +
    `${(share / reference).toFixed(2)} of it, ${ok ? "at least" : "below"} ${FRACTION}: ${ok ? "good" : "SLOWER"}`
  );
}

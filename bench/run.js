// `npm run bench`: one gradient-matching step (forward, backward, distance, gradient to the image) against pinned
// PyTorch, in one run.
import { writeFile } from "node:fs/promises";
import { labelOf } from "./cases.js";
import { measureFootprint } from "./footprint.js";
import { guard, tellGuard, updateReference } from "./guard.js";
import { describeMachine } from "./machine.js";
import { formatResults } from "./markdown.js";
import { measureCase } from "./measure.js";
import { HELP, readOptions } from "./options.js";
import { measurePeaks } from "./peak.js";
import { NoPeerError, PINNED, startPeer } from "./peer.js";
import { QUIET, waitQuietly } from "./rounds.js";
import { formatCases, formatExtras, formatPeaks } from "./table.js";
import { countMet, isReference, judge, judgeShares, tell } from "./targets.js";
import { measureWorkers } from "./workers.js";

const FOOTPRINTS = { thorough: 3, quick: 1 };

const say = (text) => process.stderr.write(`${text}\n`);
const print = (lines) => process.stdout.write(`${lines.join("\n")}\n`);

/** The peer, or the reason why there is none. */
async function tryPeer(python, threads) {
  try {
    return { peer: await startPeer({ python, threads }), reason: null };
  } catch (error) {
    if (!(error instanceof NoPeerError)) throw error;
    say(`${error.message}\nWithout it, our own figures alone:`);
    return { peer: null, reason: error.message };
  }
}

/** All selected cases against PyTorch with so many threads: { threads, version, measured }. */
async function compareAll({ selected, effort, python }, peaks, threads) {
  const { peer, reason } = await tryPeer(python, threads);
  try {
    const measured = [];
    for (const [i, benchCase] of selected.entries()) {
      say(`${i + 1}/${selected.length} ${labelOf(benchCase)}${peer ? `, PyTorch's threads: ${peer.threads}` : ""}`);
      const result = await measureCase(benchCase, peer, peaks[benchCase.dtype], effort);
      measured.push(reason ? { ...result, reason } : result);
    }
    return { threads: peer?.threads ?? null, version: peer?.version ?? null, measured };
  } finally {
    peer?.close();
  }
}

async function compareEach(options, peaks) {
  const comparisons = [];
  for (const threads of options.threads) {
    comparisons.push(await compareAll(options, peaks, threads));
    if (comparisons[0].threads === null) break;
  }
  return comparisons;
}

/** Why figures are not to be quoted, or null. */
function findCaution(taken, quick) {
  if (quick) return "Taken with --quick: do not quote these figures.";
  const noisy = `The machine was not quiet (others used ${100 * QUIET} % or more of it): do not quote rows marked so.`;
  return taken.some(({ quiet }) => !quiet) ? noisy : null;
}

/** All that was asked for, measured and judged. */
async function measureAll(options) {
  const { selected, effort, extras, quick } = options;
  await waitQuietly(effort.patienceMs);
  const dtypes = [...new Set(selected.map(({ dtype }) => dtype))];
  const peaks = await measurePeaks({ dtypes, blocks: effort.rounds, blockMs: effort.blockMs });
  const processes = quick ? FOOTPRINTS.quick : FOOTPRINTS.thorough;
  const footprint = extras.includes("footprint") ? await measureFootprint(processes) : null;
  const workers = extras.includes("workers") ? await measureWorkers(effort) : null;
  const comparisons = selected.length > 0 ? await compareEach(options, peaks) : [];
  const [first] = comparisons;
  const peer = first?.version ? { pytorch: first.version, threads: first.threads, environment: PINNED } : null;
  const machine = { ...describeMachine(), peaks, peer };
  const reference = comparisons.find((each) => isReference(each, machine));
  const taken = [...comparisons.flatMap(({ measured }) => measured), ...(workers ? [workers] : [])];
  return {
    ...{ machine, comparisons, workers, footprint, caution: findCaution(taken, quick) },
    verdicts: judge({ measured: reference?.measured ?? [], workers, footprint }),
    aims: judgeShares(first?.measured ?? []),
  };
}

function printFigures({ machine, comparisons, workers, footprint, verdicts, aims }) {
  const { cpu, cores, node, peer, peaks } = machine;
  for (const each of comparisons) {
    const table = formatCases(each.measured, { targets: isReference(each, machine) });
    print([`PyTorch's threads: ${each.threads ?? "none, no PyTorch"}`, "", table, ""]);
  }
  print([...formatExtras({ workers, footprint }), ...formatPeaks(peaks)]);
  print([`${cpu}, ${cores} cores, Node ${node}${peer ? `, PyTorch ${peer.pytorch}, pinned` : ""}`]);
  if (verdicts.length > 0) print(["", `Targets: ${countMet(verdicts)}`, ...verdicts.map(tell)]);
  if (aims.length > 0) print(["", "Beyond: share of the best kernel", ...aims.map(tell)]);
}

async function bench(options) {
  const figures = await measureAll(options);
  printFigures(figures);
  if (figures.caution) say(figures.caution);
  const { machine, comparisons, workers, footprint, verdicts } = figures;
  const [first, ...more] = comparisons;
  if (options.json) {
    const also = more.map(({ threads, measured }) => ({ threads, cases: measured }));
    const told = { machine, cases: first?.measured ?? [], also, workers, footprint, targets: verdicts };
    await writeFile(options.json, `${JSON.stringify(told, null, 2)}\n`);
  }
  if (options.markdown) await writeFile(options.markdown, formatResults(figures));
}

async function runGuard({ guarded, reference, effort, ...options }) {
  if (options["update-reference"]) {
    const shares = await updateReference(guarded, reference, effort);
    print(
      Object.entries(shares).map(([label, share]) => `${label}: ${(100 * share).toFixed(1)} % of its kernel's speed`),
    );
    return;
  }
  const verdicts = await guard(guarded, reference, effort);
  print(verdicts.map(tellGuard));
  if (verdicts.some(({ ok }) => !ok)) process.exitCode = 1;
}

try {
  const options = readOptions();
  if (options.help) process.stdout.write(HELP);
  else if (options.guard || options["update-reference"]) await runGuard(options);
  else await bench(options);
} catch (error) {
  say(`bench: ${error.message}`);
  process.exitCode = 1;
}

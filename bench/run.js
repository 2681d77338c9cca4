// `npm run bench`: one gradient-matching step (forward, backward, distance, gradient to the image) against pinned PyTorch, in one run.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { cases, selectCases } from "./cases.js";
import { waitForQuiet } from "./load.js";
import { measureCase, QUIET } from "./measure.js";
import { measurePeaks } from "./peak.js";
import { NoPeerError, PINNED, startPeer } from "./peer.js";
import { formatTable } from "./table.js";

const HELP = `Usage: npm run bench -- [options]

Times one gradient-matching step of leakscope and of PyTorch in turns, on an otherwise idle machine.
ratio = PyTorch's time / ours, paired by round: above 1, ours is faster.

  --case NAME[:BATCH]   only this case; may be given again. Known:
                        ${cases.map((c) => `${c.name}:${c.batch}`).join(" ")}
  --json FILE           also write the figures as JSON
  --quick               few short rounds, no waiting for a quiet machine: to see that it runs, not to quote
  --patience SECONDS    longest wait for a quiet machine, per case (default 60)
  --threads N           PyTorch's threads (default: all cores, as ours)
  --python PATH         a Python with PyTorch (default: /usr/bin/python3)
  --help

Example: npm run bench -- --case lenet/l2:1 --json bench.json
`;

const THOROUGH = { rounds: 15, blockMs: 150, patienceMs: 60_000 };
const QUICK = { rounds: 3, blockMs: 20, patienceMs: 0 };

const say = (text) => process.stderr.write(`${text}\n`);

function wholeNumber(text, name) {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} takes a whole number, got "${text}"`);
}

function readOptions() {
  const string = { type: "string" };
  const { values } = parseArgs({
    options: {
      case: { type: "string", multiple: true },
      json: string,
      quick: { type: "boolean" },
      patience: string,
      threads: string,
      python: { type: "string", default: "/usr/bin/python3" },
      help: { type: "boolean" },
    },
  });
  const effort = { ...(values.quick ? QUICK : THOROUGH) };
  if (values.patience !== undefined) effort.patienceMs = 1000 * wholeNumber(values.patience, "patience");
  const threads = values.threads === undefined ? availableParallelism() : wholeNumber(values.threads, "threads");
  if (threads === 0) throw new RangeError("--threads takes at least 1");
  return { ...values, effort, threads, selected: values.case ? values.case.flatMap(selectCases) : cases };
}

/** The peer, or the reason why there is none. */
async function tryPeer(options) {
  try {
    return { peer: await startPeer(options), reason: null };
  } catch (error) {
    if (!(error instanceof NoPeerError)) throw error;
    say(`${error.message}\nWithout it, our own figures alone:`);
    return { peer: null, reason: error.message };
  }
}

async function bench({ selected, effort, python, threads, json }) {
  const { peer, reason } = await tryPeer({ python, threads });
  try {
    const deadline = performance.now() + effort.patienceMs;
    await waitForQuiet({ limit: QUIET, window: 200, deadline });
    const dtypes = [...new Set(selected.map(({ dtype }) => dtype))];
    const peaks = await measurePeaks({ dtypes, blocks: effort.rounds, blockMs: effort.blockMs });
    const measured = [];
    for (const [i, benchCase] of selected.entries()) {
      say(`${i + 1}/${selected.length} ${benchCase.name}, batch ${benchCase.batch}`);
      const result = await measureCase(benchCase, peer, peaks[benchCase.dtype], effort);
      measured.push(reason ? { ...result, reason } : result);
    }
    const machine = {
      date: new Date().toISOString(),
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      system: `${process.platform} ${release()} ${process.arch}`,
      node: process.version,
      load: loadavg(),
      peaks,
      peer: peer ? { pytorch: peer.version, threads: peer.threads, environment: PINNED } : null,
    };
    process.stdout.write(`${formatTable(measured)}\n\n`);
    for (const [dtype, { gflops, kernel }] of Object.entries(peaks)) {
      process.stdout.write(`Peak in ${dtype}: ${gflops.toFixed(0)} GFLOP/s (${kernel})\n`);
    }
    process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, `);
    process.stdout.write(peer ? `PyTorch ${peer.version}, pinned, threads: ${peer.threads}\n` : "no PyTorch\n");
    if (measured.some(({ quiet }) => !quiet)) {
      say(`The machine was not quiet (others used ${100 * QUIET} % or more of it): do not quote these figures.`);
    }
    if (json) await writeFile(json, `${JSON.stringify({ machine, cases: measured }, null, 2)}\n`);
  } finally {
    peer?.close();
  }
}

try {
  const options = readOptions();
  if (options.help) process.stdout.write(HELP);
  else await bench(options);
} catch (error) {
  say(`bench: ${error.message}`);
  process.exitCode = 1;
}

// `npm run bench:web`: one gradient-matching step on WebAssembly in Chromium against pinned PyTorch, in one run.
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { caseOf } from "./cases.js";
import { noBrowser } from "./chromium.js";
import { openInChromium } from "./chromium-step.js";
import { describeMachine } from "./machine.js";
import { measureCase } from "./measure.js";
import { QUICK, THOROUGH, wholeNumber } from "./options.js";
import { measurePeaks } from "./peak.js";
import { PINNED, startPeer } from "./peer.js";
import { waitQuietly } from "./rounds.js";
import { formatCases } from "./table.js";
import { countMet, judgeWeb, tell } from "./targets.js";

const HELP = `Usage: npm run bench:web -- [options]

Times one gradient-matching step of leakscope on WebAssembly in Chromium and of PyTorch in turns, on an otherwise idle
machine. ratio = PyTorch's time / ours, paired by round. PyTorch is pinned and has all cores.

  --json FILE           also write the figures as JSON
  --quick               few short rounds, no waiting for a quiet machine: to see that it runs, not to quote
  --patience SECONDS    longest wait for a quiet machine, per case (default 60)
  --python PATH         a Python with PyTorch (default: /usr/bin/python3)
  --help

Example: npm run bench:web -- --json web.json
`;

const runs = [
  { label: "lenet/l2:1", threads: 1 },
  { label: "lenet/l2:1", threads: 2 },
  { label: "resnet18/l2:1", threads: 1 },
  { label: "resnet18/l2:1", threads: 2 },
];

const nameOf = ({ label, threads }) => `${label}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;

async function measureRuns(peer, effort) {
  await waitQuietly(effort.patienceMs);
  const peaks = await measurePeaks({ dtypes: ["float32"], blocks: effort.rounds, blockMs: effort.blockMs });
  const measured = [];
  for (const run of runs) {
    process.stderr.write(`${nameOf(run)}\n`);
    const open = openInChromium(run.threads);
    const figures = await measureCase(caseOf(run.label), peer, peaks.float32, { ...effort, open });
    measured.push({ ...figures, what: nameOf(run), threads: run.threads });
  }
  return measured;
}

function print(measured, machine, verdicts, peer) {
  const rows = measured.map((each) => ({ ...each, name: `${each.name}, ${each.threads} thr.` }));
  const lines = [
    `WebAssembly in Chromium against PyTorch ${peer.version} with ${peer.threads} thread(s)`,
    "",
    formatCases(rows, { targets: false }),
    "",
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load.map((x) => x.toFixed(1))}`,
    "",
    `Targets: ${countMet(verdicts)}`,
    ...verdicts.map(tell),
    ...(measured.some(({ quiet }) => !quiet) ? ["The machine was not quiet: do not quote rows marked so."] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function bench({ json, quick, patience, python }) {
  if (noBrowser) throw new Error(noBrowser);
  const effort = { ...(quick ? QUICK : THOROUGH) };
  if (patience !== undefined) effort.patienceMs = 1e3 * wholeNumber(patience, "patience");
  const peer = await startPeer({ python, threads: availableParallelism() });
  try {
    const measured = await measureRuns(peer, effort);
    const machine = {
      ...describeMachine(),
      peer: { pytorch: peer.version, threads: peer.threads, environment: PINNED },
    };
    const targets = judgeWeb(measured);
    print(measured, machine, targets, peer);
    if (json) await writeFile(json, `${JSON.stringify({ machine, cases: measured, targets }, null, 2)}\n`);
  } finally {
    peer.close();
  }
}

try {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const python = { type: "string", default: "/usr/bin/python3" };
  const { values } = parseArgs({ options: { json: text, quick: flag, patience: text, python, help: flag } });
  if (values.help) process.stdout.write(HELP);
  else await bench(values);
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}

// bench/RESULTS.md, written whole: what was measured where, against which PyTorch, and how to read it.
import { formatCases, formatExtras, formatPeaks } from "./table.js";
import { countMet, isReference, tell } from "./targets.js";

const list = (lines) => lines.map((line) => `- ${line}`).join("\n");

const threadsOf = (threads) => (threads === 1 ? "one thread" : `${threads} threads`);

function section({ threads, measured }, position, machine) {
  const title = threads === null ? "Ours alone" : `PyTorch with ${threadsOf(threads)}`;
  const again = "The same cases once more, ours measured again; our sessions keep their threads.";
  const table = formatCases(measured, { targets: isReference({ threads }, machine) });
  return `## ${title}\n\n${position === 0 ? "" : `${again}\n\n`}${table}\n`;
}

const reading = `## How to read this

- A step is forward, backward, distance to the observed update, gradient to the images: what an attack repeats thousands
  of times. \`fedavg-5\` differentiates through five local SGD steps on the batch; \`restarts-N\` steps N candidates in one
  graph, and its times are per candidate, against PyTorch's step of one.
- \`ratio\` is PyTorch's time / ours, median and range over the rounds; in every round both take turns. Rounds in which
  other programs used 10 % of the CPU or more are taken again. Quote ratios with their range, not times: on a shared
  host both sides' times move by a factor of two within minutes, which cannot be seen from inside, and a time in one
  table says nothing about a time in another.
- \`error\` is the largest error of our distance and image gradient against PyTorch in float64 on the same weights,
  images and observed update, relative to the largest number (of a distance that is the difference of larger
  terms, to those). A case above the tolerance of spec/engine.md section 2 (2e-5 in float32) stops the run. Candidates of
  ReLU nets are drawn away from the kinks, where the two precisions take different sides.
- Weight gradients stay unformed where that is faster (the ghost form), as \`inverting-gradients\` has it; not in float64, nor
  in \`fedavg-5\` and \`restarts-N\`, where several updates share the graph.
- \`GFLOP\` counts convolutions, their two adjoints and matrix products in the step's graph: 7 times a layer's forward
  pass (1 forward, 2 backward, 4 in the second backward pass), 5 times the first layer's. Work that a better form avoids
  is counted as if it were done, so the share of peak compares steps, not kernels.
- \`of peak\` is GFLOP/s relative to ONNX Runtime's best kernel on this machine, which takes its turn in every round. It
  is low where nets are small: a LeNet step is 9 million operations in about 150 ONNX nodes.
- PyTorch is pinned, as its threads migrate otherwise and its times become bimodal, which would flatter us.
`;

/**
 * The file's text. `comparisons` is a list of { threads, measured }, where `threads` is null without PyTorch; `verdicts`
 * and `aims` are judged targets; `caution` says why the figures are not to be quoted, or is null.
 */
export function formatResults({ machine, comparisons, workers, footprint, verdicts, aims, caution }) {
  const { date, commit, cpu, cores, system, node, peaks, peer } = machine;
  const pinned = peer && Object.entries(peer.environment).map(([name, value]) => `${name}=${value}`);
  const against = peer ? `PyTorch ${peer.pytorch}, pinned with \`${pinned.join(" ")}\`` : "no PyTorch";
  const beyond = "Beyond them, the share of the machine's best kernel on ResNet-18:";
  return [
    "# One gradient-matching step against PyTorch\n",
    `Written by \`npm run bench -- --markdown bench/RESULTS.md\` on ${date.slice(0, 10)} at commit ${commit}: ` +
      `${cpu}, ${cores} cores, ${system}, Node ${node.slice(1)}, ${against}.\n`,
    ...(caution ? [`**${caution}**\n`] : []),
    `## Targets: ${countMet(verdicts)}\n`,
    `Those of spec/engine.md section 1.\n\n${list(verdicts.map(tell))}\n`,
    ...(aims.length > 0 ? [`${beyond}\n\n${list(aims.map(tell))}\n`] : []),
    ...comparisons.map((each, position) => section(each, position, machine)),
    "## Threads, build and memory\n",
    `${list([...formatExtras({ workers, footprint }), ...formatPeaks(peaks)])}\n`,
    reading,
  ].join("\n");
}

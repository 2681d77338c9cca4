// `npm run bench:forms`: times every form of every member of the convolution family per shape class, beside the one that the policy of
// src/engine/ops/convolution-policy.ts takes. The table of that file comes from here; after a change of runtime or machine, run it again.
import { parseArgs } from "node:util";
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { compile, conv, convInputGrad, convWeightGrad, createGraph, emit, slice } from "../dist/engine/index.js";
import { forms } from "../dist/engine/ops/convolution-forms.js";
import { sizeOf, tensor } from "../dist/math/tensor.js";
import { median } from "./statistics.js";

const HELP = `Usage: npm run bench:forms -- [options]

Milliseconds of each form, * for the policy's choice, and what the choice costs against the best form. The forms take turns.

  --only TEXT     only shape classes or members whose name contains TEXT
  --batch N       batch size (may be repeated; default 1 4 16)
  --rounds N      rounds of turns per class (default 15)
  --threads N     threads of the runtime (default: its own choice)
  --help
`;

const square = (channels, filters, extent, kernel, stride = 1, groups = 1) => ({
  channels,
  filters,
  extent,
  kernel,
  stride,
  groups,
});

/** Shape classes: layers of the nets that attacks run on, and depthwise layers as in MobileNetV2. */
const classes = {
  "lenet 1": square(3, 12, 32, 5, 2),
  "lenet 2": square(12, 12, 16, 5, 2),
  "lenet 3": square(12, 12, 8, 5),
  "convnet 2": square(32, 32, 32, 3, 2),
  "resnet stem": square(3, 64, 32, 3),
  "resnet 64": square(64, 64, 32, 3),
  "resnet 64-128": square(64, 128, 32, 3, 2),
  "resnet 128": square(128, 128, 16, 3),
  "resnet 128-256": square(128, 256, 16, 3, 2),
  "resnet 256": square(256, 256, 8, 3),
  "resnet 256-512": square(256, 512, 8, 3, 2),
  "resnet 512": square(512, 512, 4, 3),
  "shortcut 64-128": square(64, 128, 32, 1, 2),
  "pointwise 256": square(256, 256, 8, 1),
  "depthwise 96": square(96, 96, 16, 3, 1, 96),
};

const fill = (shape) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5);

/** Nodes of the member for a class; `weight` is bound where it is constant. */
const members = {
  "conv, constant weight": { op: "conv", constant: true },
  "conv, run-time weight": { op: "conv", constant: false },
  "input gradient, constant weight": { op: "convInputGrad", constant: true },
  "input gradient, run-time weight": { op: "convInputGrad", constant: false },
  "weight gradient": { op: "convWeightGrad", constant: false },
};

function build(graph, op, { channels, filters, extent, kernel, stride, groups }, batch) {
  const near = Math.floor(kernel / 2);
  const window = { strides: [stride, stride], pads: [near, near, near, near], dilations: [1, 1], groups };
  const [x, w] = [
    [batch, channels, extent, extent],
    [filters, channels / groups, kernel, kernel],
  ];
  const out = Math.floor((extent + 2 * near - kernel) / stride) + 1;
  const y = [batch, filters, out, out];
  if (op === "conv") return conv(graph.input("x", x), graph.input("w", w), window);
  if (op === "convInputGrad") return convInputGrad(graph.input("y", y), graph.input("w", w), window, x);
  return convWeightGrad(graph.input("x", x), graph.input("y", y), window, w);
}

async function openForm({ op, constant }, shapes, batch, form, threads) {
  const graph = createGraph();
  const value = build(graph, op, shapes, batch);
  const corner = slice(
    value,
    value.shape.map(() => 0),
    value.shape.map(() => 1),
  );
  const w = graph.input("w", [shapes.filters, shapes.channels / shapes.groups, shapes.kernel, shapes.kernel]);
  const bind = constant ? { w: tensor(w.shape, fill(w.shape)) } : {};
  const backend = nodeCpu(threads ? { threads } : {});
  const options = { dtype: "float32", bind, ...(form ? { forms: { [op]: form } } : {}) };
  const program = await compile({ corner }, { backend, ...options });
  const key = Buffer.from(emit({ corner }, options).bytes).toString("base64");
  const feeds = Object.fromEntries([...program.inputs].map(([name, shape]) => [name, fill(shape)]));
  return { program, run: () => program.run(feeds), key, times: [] };
}

async function measureClass(member, shapes, batch, { rounds, threads }) {
  const chosen = await openForm(member, shapes, batch, null, threads);
  const entries = [];
  for (const form of Object.keys(forms[member.op])) {
    const entry = { form, ...(await openForm(member, shapes, batch, form, threads)) };
    // A form that the geometry rules out compiles to another one.
    if (entries.some(({ key }) => key === entry.key)) await entry.program.dispose();
    else entries.push(entry);
  }
  for (let round = -1; round < rounds; round++) {
    for (const { run, times } of entries) {
      await run();
      const start = performance.now();
      for (let i = 0; i < 3; i++) await run();
      if (round >= 0) times.push((performance.now() - start) / 3);
    }
  }
  for (const { program } of [chosen, ...entries]) await program.dispose();
  const figures = entries.map(({ form, times, key }) => ({ form, ms: median(times), chosen: key === chosen.key }));
  const best = Math.min(...figures.map(({ ms }) => ms));
  const loss = figures.find((figure) => figure.chosen).ms / best;
  return { figures, loss };
}

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    batch: { type: "string", multiple: true, default: ["1", "4", "16"] },
    rounds: { type: "string", default: "15" },
    threads: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help) process.stdout.write(HELP);
else {
  for (const [name, member] of Object.entries(members)) {
    for (const [label, shapes] of Object.entries(classes)) {
      if (!`${name} ${label}`.includes(values.only)) continue;
      for (const batch of values.batch.map(Number)) {
        const { figures, loss } = await measureClass(member, shapes, batch, {
          rounds: Number(values.rounds),
          threads: values.threads && Number(values.threads),
        });
        const told = figures.map(({ form, ms, chosen }) => `${form}${chosen ? "*" : ""} ${ms.toFixed(3)}`.padEnd(20));
        const flag = loss > 1.1 ? `  ${loss.toFixed(2)}x the best` : "";
        process.stdout.write(
          `${name.padEnd(32)} ${label.padEnd(16)} B=${String(batch).padEnd(3)} ${told.join(" ")}${flag}\n`,
        );
      }
    }
  }
}

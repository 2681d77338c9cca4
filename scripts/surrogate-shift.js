// Measures how far an attack that learns from surrogate pictures depends on their likeness to the client's (src/data/shift.ts), and writes
// docs/surrogate-shift.json; scripts/pages.js draws it. Needs a build. Usage: node scripts/surrogate-shift.js [--cifar10 FILE]
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { loadCatalogue } from "../dist/audit/catalogue.js";
import { configSchema } from "../dist/audit/config.js";
import { evaluateCase } from "../dist/audit/evaluate.js";
import { openDataset } from "../dist/data/open.js";
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";

const { values } = parseArgs({ options: { cifar10: { type: "string" } } });
const ATTACK = { id: "fgla", options: { trainingSteps: 150, width: 24 } };
const MODEL = { name: "convnet", classes: 100 };
const SEEDS = [1, 2, 3];
const PICTURES = 4;

/** Surrogate pictures are as many at every point: what is left of the photographs when one is taken out; all portraits. */
const sources = [
  { id: "photos", data: { source: "photos" }, records: 147 },
  ...(values.cifar10 ? [{ id: "cifar10", data: { source: "cifar10", path: values.cifar10 }, records: 512 }] : []),
];
const points = [
  { kind: "none", severity: 0 },
  ...[0.2, 0.4, 0.6, 0.8, 1].map((severity) => ({ kind: "corruption", severity })),
  ...[0.5, 1].map((severity) => ({ kind: "style", severity })),
  ...[0.5, 1].map((severity) => ({ kind: "classes", severity })),
  { kind: "other source", severity: 1, source: "portraits" },
];

/** Victims of one class, another one for each seed: then pictures of other classes are really others. */
async function victims(data, seed) {
  const set = await openDataset(data);
  const own = Array.from({ length: set.length }, (_, record) => record).filter(
    (record) => set.label(record) === seed - 1,
  );
  return own.slice(0, PICTURES);
}

const { attacks } = await loadCatalogue();
const attack = attacks.get(ATTACK.id);
const backend = nodeCpu({ threads: 1 });
const rounded = (figures) => figures.map((figure) => Number(figure.toFixed(2)));

async function measure({ data, records }, { kind, severity, source }, seed) {
  const config = configSchema.parse({
    ...{ model: MODEL, data: { ...data, records: await victims(data, seed) }, federation: { batchSize: 1 }, seed },
    surrogate: { records, ...(source ? { source } : { shift: { kind, severity } }) },
  });
  const spec = {
    ...{ model: config.model, data: config.data, surrogate: config.surrogate, federation: config.federation, seed },
    ...{ labels: "recovered", metrics: ["psnr"], originals: "omit", budgetSeconds: 7200, threat: "D", content: "" },
    ...{ attack: { id: attack.id, options: attack.options.parse(ATTACK.options) }, defense: null, adaptive: false },
    backend: "node-cpu",
  };
  const result = await evaluateCase(spec, { backend, signal: new AbortController().signal, onProgress() {} });
  const of = (scores) => rounded(scores.psnr.perImage);
  return { seed, psnr: of(result.scores), floor: of(result.floor) };
}

const file = new URL("../docs/surrogate-shift.json", import.meta.url);
const recipe = { attack: ATTACK, model: MODEL, batchSize: 1, labels: "recovered", picturesPerSeed: PICTURES };
const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { points: [] };
/** A point is the same whatever the order of its fields, and however long it took. */
const nameOf = ({ data, kind, severity }) => [data, kind, severity].join(" ");
const isSame = Object.entries(recipe).every(([name, held]) => JSON.stringify(kept[name]) === JSON.stringify(held));
const measured = new Map((isSame ? kept.points : []).map((point) => [nameOf(point), point]));

/** After every point, so that a run that is ended can go on. */
function write() {
  const head = { ...recipe, evidence: "measured", device: cpus()[0].model.trim() };
  const rows = [...measured.values()].map((point) => `    ${JSON.stringify(point)}`).join(",\n");
  writeFileSync(file, `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "points": [\n${rows}\n  ]\n}\n`);
}

for (const source of sources) {
  for (const point of points) {
    const row = { data: source.id, surrogates: source.records, ...point };
    if (measured.has(nameOf(row))) continue;
    const started = performance.now();
    const seeds = [];
    for (const seed of SEEDS) seeds.push(await measure(source, point, seed));
    const seconds = Math.round((performance.now() - started) / 1000);
    measured.set(nameOf(row), { ...row, seeds, seconds, date: new Date().toISOString().slice(0, 10) });
    write();
    process.stderr.write(`${nameOf(row)}: ${seconds} s\n`);
  }
}

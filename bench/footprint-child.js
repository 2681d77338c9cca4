// The process of footprint.js: builds the case named on the command line, steps a few times, prints { buildMs, peakMb }
// as JSON. The observed update is drawn, as computing one would need a second session.
import { nodeCpu } from "../dist/engine/backends/node-cpu.js";
import { createRandom } from "../dist/math/random.js";
import { sizeOf } from "../dist/math/tensor.js";
import { initialise } from "../dist/models/define.js";
import { CLASSES, caseOf, INPUT } from "./cases.js";
import { modelOf, openMatching } from "./step.js";

const STEPS = 5;

const benchCase = caseOf(process.argv[2]);
const { batch } = benchCase;
const model = modelOf(benchCase);
const weights = initialise(model, createRandom(1));
const update = initialise({ ...model, buffers: [] }, createRandom(2));
const start = performance.now();
const matching = await openMatching(benchCase, nodeCpu(), { weights, update });
const buildMs = performance.now() - start;
const images = new Float32Array(batch * sizeOf(INPUT)).fill(0.5);
const labels = new Float32Array(batch * CLASSES).fill(1 / CLASSES);
for (let step = 0; step < STEPS; step++) await matching.evaluate(images, labels);
const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
await matching.dispose();
process.stdout.write(JSON.stringify({ buildMs, peakMb }));

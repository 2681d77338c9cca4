// Shows what the engine emits for a model's gradient-matching step: ONNX operators by count, inputs, weights; with --out, the model as a
// file for Netron. Usage: node scripts/show-graph.js MODEL [--batch N] [--side N] [--dtype float32|float64] [--out FILE] (needs a build).
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { add, createGraph, emit, grad, square, sub, sum } from "../dist/engine/index.js";
import { ModelProtoSchema } from "../dist/engine/onnx/onnx_pb.js";
import { createRandom } from "../dist/math/random.js";
import { initialise, parameterValues } from "../dist/models/define.js";
import { models } from "../dist/models/index.js";
import { traceLoss } from "../dist/models/loss.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "1" },
    side: { type: "string", default: "32" },
    dtype: { type: "string", default: "float32" },
    out: { type: "string" },
  },
});
const make = models[positionals[0]];
if (!make) {
  console.error(`unknown model "${positionals[0] ?? ""}"; there are ${Object.keys(models).join(", ")}`);
  process.exit(1);
}

const [batch, side] = [Number(values.batch), Number(values.side)];
const model = make([3, side, side], 10);
const graph = createGraph();
const x = graph.input("x", [batch, ...model.inputShape]);
const { gradients } = traceLoss(model, x, graph.input("labels", [batch, model.classes]));
const terms = gradients.map((part, i) => sum(square(sub(part, graph.input(`target${i}`, part.shape)))));
const distance = terms.reduce((total, term) => add(total, term));
const bind = parameterValues(initialise(model, createRandom(1)));
const { bytes, inputs } = emit({ distance, toInput: grad(distance, [x])[0] }, { dtype: values.dtype, bind });

const counts = new Map();
for (const { opType } of fromBinary(ModelProtoSchema, bytes).graph.node) {
  counts.set(opType, (counts.get(opType) ?? 0) + 1);
}
const total = [...counts.values()].reduce((all, count) => all + count, 0);
console.log(`${model.id}, batch ${batch}, ${values.dtype}: ${total} nodes, ${(bytes.length / 2 ** 20).toFixed(1)} MB`);
for (const [operator, count] of [...counts].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(6)} ${operator}`);
}
console.log(`inputs: ${[...inputs].map(([name, shape]) => `${name} [${shape}]`).join(", ")}`);
if (values.out) writeFileSync(values.out, bytes);

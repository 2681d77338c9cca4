// D0 of spec/defenses.md section 22: names, shapes and number types of a payload's tensors, and what its layers compute, against the
// architecture that was agreed on. Whatever differs was put there by the server (an imprint block, a layer of LOKI).
import { z } from "zod";
import { topological } from "../../engine/graph.js";
import { createGraph } from "../../engine/index.js";
import type { Payload } from "../../federated/hooks.js";
import { type Model, parameterInputs } from "../../models/define.js";
import { models } from "../../models/index.js";
import { defineDefense } from "../define.js";
import { asDefense, defineDetector, inspectWith, type Reading, verdictOf } from "./define.js";
import { countOf } from "./matrices.js";

export const detector = defineDetector({
  id: "structure-pin",
  number: "D0",
  title: "Structure pin",
  summary:
    "Compares a received model with the architecture that was agreed on: tensors, shapes, number types, connections.",
  source: "own (spec/defenses.md section 22, D0); strict state loading as in Wang and Li 2025, arXiv 2506.20651",
  action: "reject",
  criteria: {
    differences: {
      score: "the number of differences from the agreed architecture",
      flags: "above",
      threshold: 0,
      basis: "spec",
      falseAlarms: null,
    },
    "not-finite": {
      score: "the number of entries that are no finite number",
      flags: "above",
      threshold: 0,
      basis: "derived",
      falseAlarms: { alarms: 0, models: 420 },
    },
  },
  limits: "an attack that only rewrites weights of the agreed layers passes",
  measure(payload, { agreed, history = [] }) {
    const pinned = agreed ?? history[0]?.model;
    const infinite = [...payload.weights].map(([name, { data }]) => ({
      score: countOf(data, (value) => !Number.isFinite(value)),
      where: name,
    }));
    return { ...(pinned && { differences: [compare(payload, pinned)] }), "not-finite": infinite };
  },
});

const SHOWN = 4;

function compare({ model, weights }: Payload, agreed: Model): Reading {
  const wanted = new Map([...agreed.parameters, ...agreed.buffers].map(({ name, shape }) => [name, shape]));
  const isCounter = (name: string) => name.endsWith(".num_batches_tracked");
  const found = [
    ...[...wanted.keys()].filter((name) => !weights.has(name)).map((name) => `${name} is missing`),
    ...[...weights.keys()].filter((name) => !wanted.has(name) && !isCounter(name)).map((name) => `${name} was added`),
    ...[...weights].flatMap(([name, { shape, data }]) => {
      const expected = wanted.get(name);
      if (expected && expected.join() !== shape.join()) return [`${name} is [${shape}] instead of [${expected}]`];
      return data instanceof Float32Array || !expected ? [] : [`${name} is float64 instead of float32`];
    }),
    ...(model === agreed || describe(model) === describe(agreed) ? [] : ["its layers are connected differently"]),
  ];
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : "";
  const detail = found.length > 0 ? { detail: `${found.slice(0, SHOWN).join(", ")}${more}` } : {};
  return { score: found.length, where: `${weights.size} tensors`, ...detail };
}

/** What the model computes, as text: every op with its attributes, constants and inputs. */
function describe(model: Model): string {
  const graph = createGraph();
  const x = graph.input("x", [1, ...model.inputShape]);
  const { logits } = model.forward(x, parameterInputs(graph, model));
  const order = topological([logits]);
  const number = new Map(order.map((node, position) => [node, position]));
  return order
    .map(({ op, inputs, attributes, shape, value }) => {
      const from = inputs.map((input) => number.get(input));
      return `${op}(${from})[${shape}]${JSON.stringify(attributes)}${value?.data.join() ?? ""}`;
    })
    .join("\n");
}

const base = asDefense(detector);

export default defineDefense({
  ...base,
  options: z.object({
    model: z
      .enum(Object.keys(models) as [string, ...string[]])
      .optional()
      .describe("the agreed architecture; default: that of the first payload received"),
  }),
  hooks: ({ model: id }) => ({
    vetPayload: (payload, history) => {
      const { inputShape, classes } = payload.model;
      const agreed = id === undefined ? undefined : models[id]!(inputShape, classes);
      return verdictOf(inspectWith(detector, payload, { history, ...(agreed && { agreed }) }));
    },
  }),
});

// A defense that does nothing is an error and no result (DESIGN.md 2, rule 5): every defense of the catalogue with its hooks made inert, and one
// that its own options switch off, through a whole case.
import { expect, it } from "vitest";
import { caseResult, receipt } from "../../test/audit-cases.js";
import { caseOf } from "../../test/proofs/prove.js";
import { backend, drawBatch } from "../../test/small-round.js";
import dlg from "../attacks/optimization/basic/dlg.js";
import { attach } from "../defenses/define.js";
import { agreeOnStart } from "../federated/agreement.js";
import type { AttachedDefense, Hooks } from "../federated/hooks.js";
import { plainProtocol } from "../federated/protocol.js";
import { runRound } from "../federated/round.js";
import { createTrainer } from "../federated/training.js";
import { descend, weightedSum } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { initialise } from "../models/define.js";
import { models } from "../models/index.js";
import { loadCatalogue } from "./catalogue.js";
import { evaluateCase } from "./evaluate.js";
import { judgeCell } from "./verdict.js";

/** What a federation without the defense does at the same place; copies, where a comparison by reference would see a change. */
const inert: Hooks = {
  agreeModel: (model) => model,
  selectCohort: (pool) => [...pool],
  distribute: (payload) => ({ ...payload }),
  vetPayload: () => ({ action: "accept", report: "" }),
  prepareDataset: (data) => structuredClone(data),
  drawBatch: (data) => data.labels.map((_, row) => row),
  transformBatch: (batch) => structuredClone(batch),
  wrapModel: (model) => ({ ...model }),
  lossTerms: () => [],
  insideBackward: (gradient) => structuredClone(gradient),
  afterGradient: (gradient) => structuredClone(gradient),
  localStep: (weights, gradient, rate) => descend(weights, gradient, rate),
  afterLocalTraining: (update) => structuredClone(update),
  beforeUpload: (message) => structuredClone(message),
  peerExchange: () => [],
  collect: (messages) => [...messages],
  aggregate: (messages, shares) =>
    weightedSum(
      messages.map(({ update }) => update),
      shares,
    ),
  afterAggregate: (aggregate) => structuredClone(aggregate),
  applyServerStep: (weights, aggregate, rate) => descend(weights, aggregate, rate),
};

const { defenses } = await loadCatalogue();
const passed = { metric: "psnr", bar: 30, what: "", status: "passed", measured: 40 } as const;

async function receiptOf(defense: AttachedDefense) {
  const random = createRandom(1);
  const model = models.mlp!([1, 4, 4], 3);
  const batch = drawBatch(random, [1, 4, 4], 3, 2);
  const protocol = { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize: 2 } as const, defenses: [defense] };
  const trainer = createTrainer(backend, "float32");
  try {
    const global = agreeOnStart({ model, weights: initialise(model, random) }, protocol, random.split("agreement"));
    const clients = [0, 1, 2, 3].map((id) => ({ id, data: batch }));
    return (await runRound({ round: 0, clients, protocol, global, trainer, random })).receipts[0]!;
  } finally {
    await trainer.dispose();
  }
}

it.each([...defenses.values()].filter(({ at }) => at !== "detection"))(
  "$id, sabotaged, is an error",
  async (defense) => {
    const honest = attach(defense, {});
    const names = Object.keys(honest.hooks) as (keyof Hooks)[];
    const hooks = Object.fromEntries(names.map((name) => [name, inert[name]])) as Partial<Hooks>;
    expect((await receiptOf(honest)).identity).toBe(false);
    const sabotaged = await receiptOf({ ...honest, hooks });
    expect(sabotaged.identity).toBe(true);
    const result = caseResult([12], { receipt: { ...receipt(true), identity: sabotaged.identity } });
    expect(judgeCell(result, defense.id, passed, passed)).toMatchObject({ status: "error" });
  },
);

it("makes the cell of a defense that its options switch off an error, though the attack fails", async () => {
  const keepsAll = { id: "top-k", options: { keep: 1, scope: "tensor" } };
  const options = { calls: 1, starts: 1 };
  const spec = caseOf({
    attack: dlg,
    model: "lenet",
    data: { source: "portraits" },
    records: [0],
    seed: 1,
    options,
    defense: keepsAll,
  });
  const tools = { backend, signal: new AbortController().signal, onProgress: () => {} };
  const result = await evaluateCase(spec, tools);
  expect(result.images.some(({ leaked }) => leaked)).toBe(false);
  expect(judgeCell(result, "top-k", passed, passed)).toEqual({
    status: "error",
    reason: "defense top-k returned its input unchanged: it is not on",
  });
});

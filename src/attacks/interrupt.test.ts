// Every attack of the catalogue stops within a second of an abort, wherever it is.
import { describe, expect, it } from "vitest";
import {
  armInput,
  attackContext,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  playRound,
} from "../../test/small-round.js";
import { loadCatalogue } from "../audit/catalogue.js";
import { mapUpdate } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";

const { attacks } = await loadCatalogue();
const shape = [3, 16, 16] as const;
const random = createRandom(2);
const batch = drawBatch(random.split("victim"), shape, 8, 1);
const surrogate = drawBatch(random.split("surrogate"), shape, 8, 64);
const local = {
  ...{ learningRate: 0.02, localEpochs: 2, batchSize: 1, sampleCount: 2, steps: 4 },
  ...{ mode: "eval" as const, momentum: 0, weightDecay: 0 },
};

/** All parts of an attack, one after the other, as an audit runs them. */
async function play(id: string, signal: AbortSignal, endless: Record<string, unknown>) {
  const attack = attacks.get(id)!;
  const context = attackContext(1, { signal });
  const { model, classes = 8 } = attack.control;
  const honest = freshPayload(models[model]!(shape, classes), createRandom(3));
  const known = Object.fromEntries(Object.entries(endless).filter(([option]) => option in attack.options.shape));
  const options = attack.options.parse(known);
  const prepared = await attack.prepare?.({ payload: honest, surrogate }, options, context);
  const armed = await attack.arm?.(armInput(honest, prepared), options, context);
  const payload = armed?.payload(0, 0, []) ?? honest;
  const { message } = (await playRound({ payload, batch })).clients.get(0)!;
  // Noise, so that no search ends because it has found what it looked for.
  const noise = createRandom(4);
  const update = mapUpdate(message.update, () => noise.normal());
  const rounds = [{ round: 0, payload, view: { kind: "upload" as const, update } }];
  const seen = observation({
    updates: { rounds },
    basicKnowledge: knowledge(1),
    trainingDetails: { ...local, algorithm: attack.works.algorithms[0]! },
    clientDistribution: { rounds: [] },
    clientSelection: { rounds: [] },
    surrogateData: surrogate,
  });
  return attack.run({ observation: seen, prepared, secret: armed?.secret }, options, context);
}

describe.each([...attacks.keys()])("%s", (id) => {
  it("stops within a second of an abort, or is done before", async () => {
    const controller = new AbortController();
    // Far more work than a second holds, for the attacks that iterate.
    const endless = { iterations: 1e6, calls: 1e6, starts: 100, target: 0, lineSearch: "strong-wolfe" };
    const running = play(id, controller.signal, endless).then(
      () => "done",
      (error: unknown) => error,
    );
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 500))]);
    const aborted = performance.now();
    controller.abort(new Error("stopped by the test"));
    const outcome = await running;
    expect(performance.now() - aborted).toBeLessThan(1000);
    const { category } = attacks.get(id)!;
    expect(outcome).toEqual(category.startsWith("analytic/") ? "done" : new Error("stopped by the test"));
  });
});

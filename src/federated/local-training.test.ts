// Hooks within local training: added loss terms, other steps, gradients changed one by one, and what a defense draws there.
import { describe, expect, it } from "vitest";
import { attached, far, fedAvg, federation, play, start } from "../../test/small-federation.js";
import { mul, square, sum } from "../engine/index.js";
import { descend, mapUpdate } from "./update.js";

describe("hooks within local training", () => {
  it("C5 adds terms to the loss: weight decay written as a term is weight decay", async () => {
    const decay = 0.25;
    const term = attached("penalty", {
      lossTerms: ({ model, parameter }) =>
        model.parameters.map(({ name }) => mul(decay / 2, sum(square(parameter(name))))),
    });
    const algorithm = { ...fedAvg, momentum: 0 };
    const byTerm = await play({ algorithm, defenses: [term] });
    const byDecay = await play({ algorithm: { ...algorithm, weightDecay: decay } });
    expect(far(byDecay.weights, byTerm.weights)).toBeLessThan(1e-6);
    expect(byTerm.records[0]!.clients.get(0)!.loss).toBeCloseTo(byDecay.records[0]!.clients.get(0)!.loss, 6);
    expect(byTerm.records.map(({ receipts }) => receipts[0]!.identity)).toEqual([false, false]);
    const sgd = await play({ defenses: [term] });
    expect(far((await play()).weights, sgd.weights)).toBeGreaterThan(1e-3);
    const silent = await play({ defenses: [attached("silent", { lossTerms: () => [] })] });
    expect(silent.records[1]!.receipts[0]!.identity).toBe(true);
  });

  it("C8 takes the step instead: with half the learning rate it is a run with half the learning rate", async () => {
    const half = attached("half", {
      localStep: (weights, gradient, rate) => descend(weights, gradient, rate / 2),
    });
    const halved = await play({ algorithm: fedAvg, defenses: [half] });
    const slow = await play({ algorithm: { ...fedAvg, learningRate: fedAvg.learningRate / 2 } });
    expect(far(slow.weights, halved.weights)).toBeLessThan(1e-7);
    expect(halved.records[0]!.receipts[0]!.identity).toBe(false);
    const same = attached("same", { localStep: (weights, gradient, rate) => descend(weights, gradient, rate) });
    const idle = await play({ algorithm: fedAvg, defenses: [same] });
    expect(idle.records[0]!.receipts[0]!.identity).toBe(true);
  });

  it("C6 and C7 act on every local gradient, and the receipt measures each against its own", async () => {
    const halving = attached("halving", { afterGradient: (update) => mapUpdate(update, (value) => value / 2) });
    const algorithm = { ...fedAvg, momentum: 0 };
    const { records, weights } = await play({ algorithm, defenses: [halving] });
    const [receipt] = records[0]!.receipts;
    expect(receipt!.distortion!.relativeL2).toBeCloseTo(0.5, 12);
    expect(receipt!.distortion!.cosine).toBeCloseTo(1, 12);
    const slow = await play({ algorithm: { ...algorithm, learningRate: fedAvg.learningRate / 2 } });
    expect(far(slow.weights, weights)).toBeLessThan(1e-7);
    const idle = attached("idle", { afterGradient: (update) => mapUpdate(update, (value) => value) });
    expect((await play({ algorithm: fedAvg, defenses: [idle] })).records[0]!.receipts[0]!.identity).toBe(true);
    const second = attached("second", {
      afterGradient: (update, { client }) => (client === 1 ? mapUpdate(update, (value) => -value) : update),
    });
    expect((await play({ algorithm: fedAvg, defenses: [second] })).records[0]!.receipts[0]!.identity).toBe(false);
  });

  it("C2 may draw nobody, as Poisson sampling does: the step is then zero", async () => {
    const nobody = attached("nobody", { drawBatch: () => [] });
    for (const algorithm of [fedAvg, federation.algorithm]) {
      const { weights } = await play({ algorithm, defenses: [nobody] });
      expect(far(start.weights, weights)).toBe(0);
    }
  });

  it("draw anew at every step and query, and the same in the same place", async () => {
    const draws: string[] = [];
    const draw = attached("draw", {
      afterGradient: (update, { client, round, random }) => {
        draws.push(`${client} ${round} ${random.uniform()}`);
        return update;
      },
    });
    const fields = { algorithm: fedAvg, clients: federation.clients.slice(0, 2), defenses: [draw] };
    await play(fields);
    const once = draws.splice(0);
    await play(fields);
    expect(draws).toEqual(once);
    expect(new Set(once.map((line) => line.split(" ")[2])).size).toBe(once.length);
  });
});

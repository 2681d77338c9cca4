import { describe, expect, it } from "vitest";
import { backend } from "../../test/small-round.js";
import type { Chosen } from "./case.js";
import { configSchema } from "./config.js";
import { type TrainingTools, trainFederations, trainingSpec } from "./training.js";

const tools = (more: Partial<TrainingTools> = {}): TrainingTools => ({
  ...{ backend, signal: new AbortController().signal, onProgress: () => {} },
  ...more,
});

function specOf(
  defense: Chosen | null,
  utility = {},
  data: Record<string, unknown> = { source: "portraits", size: 16 },
) {
  const config = configSchema.parse({
    model: { name: "mlp" },
    data,
    utility: { rounds: 3, clients: 2, samples: 12, batchSize: 4, heldOut: 20, seeds: 2, ...utility },
  });
  const numbers = config.utility as Exclude<typeof config.utility, false>;
  return trainingSpec(config, numbers, defense, { backend: "node-cpu", content: "embedded" });
}

describe("trainings", () => {
  const told: number[] = [];
  const onProgress = ({ iteration }: { iteration: number }) => told.push(iteration);
  const plain = trainFederations(specOf(null), tools({ onProgress }));

  it("say the accuracy after every round, by seed, and come out alike again", async () => {
    const { seeds, samples, batchSize, heldOut, bytes } = await plain;
    expect(seeds.map(({ accuracies }) => accuracies.length)).toEqual([3, 3]);
    expect(seeds[0]!.accuracies).not.toEqual(seeds[1]!.accuracies);
    for (const { chance, accuracies } of seeds) {
      expect(chance).toBeGreaterThan(0.1);
      // Of 20 records.
      for (const accuracy of accuracies) expect(20 * accuracy).toBeCloseTo(Math.round(20 * accuracy), 9);
    }
    expect({ samples, batchSize, heldOut }).toEqual({ samples: 12, batchSize: 4, heldOut: 20 });
    expect(bytes).toBeGreaterThan(1000);
    expect(told).toEqual([1, 2, 3, 4, 5, 6]);
    const again = await trainFederations(specOf(null), tools());
    expect(again.seeds).toEqual(seeds);
  });

  it("show what the defense does to accuracy and traffic", async () => {
    const sparse = await trainFederations(specOf({ id: "top-k", options: { keep: 0.01 } }), tools());
    const { seeds, bytes } = await plain;
    expect(sparse.bytes).toBeLessThan(bytes / 10);
    expect(sparse.seeds).not.toEqual(seeds);
    // The same records are held out.
    expect(sparse.seeds.map(({ chance }) => chance)).toEqual(seeds.map(({ chance }) => chance));
  });

  it("end after the round in which their time ran out", async () => {
    const { seeds } = await trainFederations(specOf(null, { rounds: 500, seconds: 1e-3 }), tools());
    expect(seeds.map(({ accuracies }) => accuracies.length)).toEqual([1, 1]);
  });

  it("stop at an abort with the signal's reason", async () => {
    const controller = new AbortController();
    const stop = () => controller.abort(new Error("stopped"));
    const running = trainFederations(specOf(null), tools({ signal: controller.signal, onProgress: stop }));
    await expect(running).rejects.toThrow("stopped");
  });

  it("need a record for every client besides those held out", async () => {
    await expect(trainFederations(specOf(null, { clients: 5000 }), tools())).rejects.toThrow("lower utility.clients");
  });
});

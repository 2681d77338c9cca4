import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import { compile, createGraph } from "../../engine/index.js";
import type { BackwardContext, InputJacobian, Payload, Update } from "../../federated/hooks.js";
import { plainProtocol } from "../../federated/protocol.js";
import { runRound } from "../../federated/round.js";
import { createTrainer } from "../../federated/training.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { parameterInputs, parameterValues } from "../../models/define.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import soteria from "./soteria.js";

const shape = [3, 16, 16] as const;
const setting = (model: string, seed: number, size = 2) => {
  const random = createRandom(seed);
  return {
    payload: freshPayload(models[model]!([...shape], 5), random),
    batch: drawBatch(random, [...shape], 5, size),
  };
};
const uploaded = async (fields: ReturnType<typeof setting>, options?: Record<string, unknown>): Promise<Update> =>
  (await playRound({ ...fields, defenses: options ? [attach(soteria, options)] : [] })).clients.get(0)!.message.update;

function zeroColumns(update: Update, name: string): number[] {
  const { shape, data } = update.get(name)!;
  const width = shape[1]!;
  return Array.from({ length: width }, (_, j) => j).filter((j) => data.every((v, i) => i % width !== j || v === 0));
}

describe("soteria", () => {
  for (const seed of [1, 2, 3]) {
    it.each([1, 40, 60])(
      `zeroes exactly floor(%d % of the features) of one tensor and no bit else, seed ${seed}`,
      async (percent) => {
        const given = setting("lenet", seed);
        const [plain, defended] = [await uploaded(given), await uploaded(given, { percent })];
        const head = given.payload.model.head.weight;
        const width = plain.get(head)!.shape[1]!;
        expect(zeroColumns(plain, head)).toEqual([]);
        const columns = zeroColumns(defended, head);
        expect(columns).toHaveLength(Math.floor((percent * width) / 100));
        for (const [name, { data }] of plain) {
          const kept = name === head ? data.map((v, i) => (columns.includes(i % width) ? 0 : v)) : data;
          expect([...defended.get(name)!.data]).toEqual([...kept]);
        }
      },
    );
  }

  it("measures the rows of the Jacobian: 20 features agree with central differences to 1e-3", async () => {
    const { payload, batch } = setting("lenet", 4, 1);
    const trainer = createTrainer(backend, "float64");
    const [measured] = await trainer.inputJacobian(payload, batch);
    const picks = Array.from({ length: 20 }, (_, i) => createRandom(9).split(i).integer(measured!.features.length));
    const numeric = await differences(payload, [...batch.inputs.data], picks);
    picks.forEach((j, i) => {
      expect(Math.abs(measured!.rowNorms[j]! / numeric[i]! - 1)).toBeLessThan(1e-3);
    });
    await trainer.dispose();
  });

  it("takes a layer by name: pixels move by themselves alone, a hidden layer as its weights and masks say", async () => {
    const { payload, batch } = setting("mlp", 5, 2);
    const trainer = createTrainer(backend, "float64");
    const first = await trainer.inputJacobian(payload, batch, { at: "fc1.weight" });
    expect(first[1]!.features).toEqual(Float64Array.from(batch.inputs.data.subarray(768)));
    for (const norm of first[0]!.rowNorms) expect(norm).toBeCloseTo(1, 12);
    const [head] = await trainer.inputJacobian(payload, batch);
    const weight = payload.weights.get("fc1.weight")!.data;
    head!.features.forEach((feature, unit) => {
      const row = weight.subarray(unit * 768, (unit + 1) * 768);
      const norm = feature > 0 ? Math.hypot(...row) : 0;
      expect(head!.rowNorms[unit]).toBeCloseTo(norm, 9);
    });
    await expect(trainer.inputJacobian(payload, batch, { at: "fc9.weight" })).rejects.toThrow(
      /"fc9.weight".*fc1.weight/,
    );
    await trainer.dispose();
    const plain = await uploaded({ payload, batch });
    const defended = await uploaded({ payload, batch }, { layer: "fc1.weight", percent: 50 });
    expect(zeroColumns(defended, "fc1.weight").length).toBeGreaterThanOrEqual(384);
    expect([...defended.get("fc2.weight")!.data]).toEqual([...plain.get("fc2.weight")!.data]);
  });

  it("drops the features of the smallest ratio, or by the authors' signed percentile", () => {
    const jacobian: InputJacobian[] = [
      { features: Float64Array.of(1, 2, -1, 4, 0), rowNorms: Float64Array.of(1, 1, 1, 1, 1) },
      { features: Float64Array.of(1, 2, -1, 4, 0), rowNorms: Float64Array.of(3, 1, 1, 1, 1) },
    ];
    const gradient: Update = new Map([["h", tensor([1, 5], Float64Array.of(1, 1, 1, 1, 1))]]);
    const payload = { model: { head: { weight: "h" } } } as Payload;
    const context = { payload, inputJacobian: jacobian } as unknown as BackwardContext;
    const kept = (options: Record<string, unknown>) => [
      ...attach(soteria, options).hooks.insideBackward!(gradient, context).get("h")!.data,
    ];
    // Scores 4, 1, 2, 0.5, huge.
    expect(kept({ percent: 40 })).toEqual([1, 0, 1, 0, 1]);
    expect(kept({ percent: 0 })).toEqual([1, 1, 1, 1, 1]);
    expect(kept({ percent: 100 })).toEqual([0, 0, 0, 0, 0]);
    // Signed scores 4, 1, -2, 0.5, infinite: the median 1 is the threshold, and -2 stays by its size.
    expect(kept({ percent: 50, compat: true })).toEqual([1, 1, 1, 0, 1]);
  });

  it("counts the time of its backward passes, and is nothing at 0 %", async () => {
    const given = setting("lenet", 6, 1);
    const [on] = (await playRound({ ...given, defenses: [attach(soteria, {})] })).receipts;
    expect(on!.identity).toBe(false);
    expect(on!.milliseconds).toBeGreaterThan(1);
    const [off] = (await playRound({ ...given, defenses: [attach(soteria, { percent: 0 })] })).receipts;
    expect(off!.identity).toBe(true);
  });

  it("is refused where BatchNorm in train mode mixes the samples", async () => {
    const { payload, batch } = setting("convnet-bn", 7);
    const trainer = createTrainer(backend, "float32");
    const round = runRound({
      round: 0,
      clients: [{ id: 0, data: batch }],
      protocol: { ...plainProtocol, mode: "train", defenses: [attach(soteria, {})] },
      global: payload,
      trainer,
      random: createRandom(1),
    });
    await expect(round).rejects.toThrow(/soteria needs "inputJacobian".*use mode eval/);
    await trainer.dispose();
  });

  it.each([[{ percent: -1 }], [{ percent: 101 }], [{ layer: 3 }]])("refuses %o", (options) => {
    expect(() => attach(soteria, options)).toThrow();
  });
});

/** ‖∂r_j/∂x‖ of the features `picks` by central differences over every pixel. */
async function differences({ model, weights }: Payload, image: number[], picks: readonly number[]): Promise<number[]> {
  const rows = 2 * 64;
  const step = 1e-4;
  const graph = createGraph();
  const x = graph.input("x", [rows, ...model.inputShape]);
  const { features } = model.forward(x, parameterInputs(graph, model));
  const program = await compile({ features }, { backend, dtype: "float64", bind: parameterValues(weights) });
  const width = features.shape[1]!;
  const squares = picks.map(() => 0);
  for (let from = 0; from < image.length; from += 64) {
    const moved = new Float64Array(rows * image.length);
    for (let row = 0; row < 64; row++) {
      moved.set(image, 2 * row * image.length);
      moved.set(image, (2 * row + 1) * image.length);
      moved[2 * row * image.length + from + row]! += step;
      moved[(2 * row + 1) * image.length + from + row]! -= step;
    }
    const out = (await program.run({ x: moved })).features!;
    for (let row = 0; row < 64; row++) {
      picks.forEach((j, i) => {
        squares[i]! += ((out[2 * row * width + j]! - out[(2 * row + 1) * width + j]!) / (2 * step)) ** 2;
      });
    }
  }
  await program.dispose();
  return squares.map(Math.sqrt);
}

import { describe, expect, it } from "vitest";
import {
  attackContext,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import { leakyRelu } from "../../../engine/index.js";
import { createRandom } from "../../../math/random.js";
import { tensor } from "../../../math/tensor.js";
import { models } from "../../../models/index.js";
import { activation, chain, linear } from "../../../models/layers.js";
import type { AttackContext } from "../../define.js";
import spear from "./spear.js";

const shape = [3, 16, 16] as const;

async function attack(
  size: number,
  { model = models.fc6!(shape, 10), options = {}, knows = size, context = {} as Partial<AttackContext> } = {},
) {
  const random = createRandom(3);
  const payload = freshPayload(model, random.split("weights"));
  const { labels, inputs } = drawBatch(random.split("batch"), shape, 10, size);
  // Normalised, as most clients do: pictures that are all bright switch the same units on, and leave few zeros to search for.
  const noise = new Float64Array(inputs.data.length);
  random.split("noise").fillNormal(noise, 0, 1);
  const batch = {
    labels,
    inputs: tensor(
      inputs.shape,
      inputs.data.map((value, i) => 2 * value - 1 + noise[i]!),
    ),
  };
  const round = observed(await playRound({ payload, batch }));
  const reconstruction = await spear.run(
    {
      observation: observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(knows) }),
      prepared: undefined,
      secret: undefined,
    },
    spear.options.parse(options),
    attackContext(1, context),
  );
  return { batch, reconstruction };
}

/** For every image, the largest error of the reconstruction that is nearest to it. */
function errors({ batch, reconstruction }: Awaited<ReturnType<typeof attack>>): number[] {
  const size = 3 * 16 * 16;
  return batch.labels.map((_, image) => {
    const apart = reconstruction.confidence.map((_, guess) => {
      let worst = 0;
      for (let i = 0; i < size; i++) {
        worst = Math.max(
          worst,
          Math.abs(batch.inputs.data[image * size + i]! - reconstruction.inputs.data[guess * size + i]!),
        );
      }
      return worst;
    });
    return Math.min(...apart);
  });
}

describe("spear", () => {
  it("recovers a batch of 8 to 1e-4 without labels, knowing only a bound of its size", async () => {
    const played = await attack(8, { knows: 11 });
    expect(played.reconstruction.inputs.shape).toEqual([8, ...shape]);
    expect(Math.max(...errors(played))).toBeLessThan(1e-4);
    expect(Math.min(...played.reconstruction.confidence)).toBeGreaterThan(0.95);
    expect(played.reconstruction.notes[0]).toContain("rank 8 of a batch of 11");
  });

  it("recovers one image", async () => {
    expect(errors(await attack(1))[0]).toBeLessThan(1e-4);
  });

  it("finds no candidate where leaky units leave no zeros, and claims nothing", async () => {
    const leaky = activation((x) => leakyRelu(x, 0.2));
    const model = chain("leaky", shape, 10, [linear("fc1", 100), leaky, linear("fc2", 50), leaky], { name: "fc3" });
    const { reconstruction } = await attack(8, { model, options: { draws: 2000 } });
    expect(reconstruction.inputs.shape[0]).toBe(0);
    expect(reconstruction.exhausted).toBe(true);
    expect(reconstruction.notes[1]).toContain("no candidate passes the filter");
  });

  it("stops when its time is over, and when it is aborted", async () => {
    const late = await attack(14, { options: { share: 0.99 }, context: { outOfTime: () => true } });
    expect(late.reconstruction).toMatchObject({ exhausted: true, iterations: 256 });
    const signal = AbortSignal.abort();
    await expect(attack(14, { options: { share: 0.99 }, context: { signal } })).rejects.toThrow("abort");
  });

  it("says so when the rank is higher than the batch can make it", async () => {
    const { reconstruction } = await attack(6, { knows: 4 });
    expect(reconstruction.inputs.shape[0]).toBe(0);
    expect(reconstruction.notes[0]).toContain("rank 6 of a batch of 4");
  });

  it("refuses a net that begins with a convolution", async () => {
    await expect(attack(1, { model: models.lenet!(shape, 10) })).rejects.toThrow("begins with a fully connected layer");
  });
});

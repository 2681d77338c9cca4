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
import type { ImageShape } from "../../../data/dataset.js";
import { leakyRelu } from "../../../engine/index.js";
import { createRandom } from "../../../math/random.js";
import { splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import { activation, chain } from "../../../models/layers.js";
import { convolution } from "../../../models/layers-image.js";
import rGap from "./r-gap.js";

const shape: ImageShape = [3, 16, 16];
const leaky = activation((x) => leakyRelu(x, 0.2));
const net = (filters: number, classes: number) =>
  chain(
    "small",
    shape,
    classes,
    [
      convolution("conv1", { filters, kernel: 4, stride: 2, padding: 2, bias: false }),
      leaky,
      convolution("conv2", { filters: 24, kernel: 3, padding: 1, bias: false }),
      leaky,
    ],
    { name: "fc", bias: false },
  );

async function attack(model = net(12, 4)) {
  const random = createRandom(3);
  const payload = freshPayload(model, random.split("weights"));
  const batch = drawBatch(random.split("batch"), shape, model.classes, 1);
  const round = observed(await playRound({ payload, batch }));
  const reconstruction = await rGap.run(
    {
      observation: observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(1) }),
      prepared: undefined,
      secret: undefined,
    },
    rGap.options.parse({}),
    attackContext(1),
  );
  const psnr = -10 * Math.log10(meanSquaredError(splitBatch(batch.inputs)[0]!, splitBatch(reconstruction.inputs)[0]!));
  return { batch, reconstruction, psnr };
}

describe("r-gap", () => {
  it("solves back to the image and the label from float32 gradients", async () => {
    const { psnr, reconstruction, batch } = await attack();
    expect(psnr).toBeGreaterThan(60);
    expect(reconstruction.labels?.values).toEqual(batch.labels);
  });

  it("foretells that a first layer of too few equations fails, and it does", async () => {
    const { psnr, reconstruction } = await attack(net(3, 4));
    expect(psnr).toBeLessThan(25);
    // 768 unknowns, 3·9·9 outputs and 3·3·16 kernel entries.
    expect(reconstruction.notes).toContain("conv1.weight: at least 381 directions of its input are out of reach");
  });

  it("refuses a net with sigmoids", async () => {
    await expect(attack(models.lenet!(shape, 4))).rejects.toThrow("choose a model such as cnn6");
  });
});

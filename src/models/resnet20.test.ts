// The trained ResNet-20 on CIFAR-10 against the reference values that PyTorch gave. Its twin on committed data: pytorch.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Dataset, readBatch } from "../data/dataset.js";
import { openDataset } from "../data/open.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { compile, createGraph, type Program } from "../engine/index.js";
import { parameterValues } from "./define.js";
import { oneHot, traceLoss } from "./loss.js";
import resnet20 from "./resnet20.js";
import { readSafetensors } from "./safetensors.js";
import { loadWeights } from "./weights.js";

const folder = process.env.LEAKSCOPE_DATA ?? "../shared/data";
const file = join(folder, "weights/resnet20_cifar10.safetensors");

const BATCH = 100;
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

interface Reference {
  readonly correct: number;
  readonly n: number;
  readonly mean_cross_entropy: number;
}

const normalised = (dataset: Dataset, records: readonly number[]) => {
  const { inputs, labels } = readBatch(dataset, records);
  const x = inputs.data.map((value, i) => {
    const channel = Math.floor(i / 1024) % 3;
    return (value - MEAN[channel]!) / DEVIATION[channel]!;
  });
  return { x, labels };
};

async function openNet(batch: number): Promise<Program<"logits" | "loss" | "features">> {
  const model = resnet20([3, 32, 32], 10);
  const graph = createGraph();
  const { logits, loss, features } = traceLoss(
    model,
    graph.input("x", [batch, 3, 32, 32]),
    graph.input("targets", [batch, 10]),
  );
  const bind = parameterValues(loadWeights(model, readSafetensors(readFileSync(file), file), file));
  return compile({ logits, loss, features }, { backend: nodeCpu({ threads: 1 }), dtype: "float32", bind });
}

describe.skipIf(!existsSync(file))("the trained ResNet-20", () => {
  const reference = () => JSON.parse(readFileSync(join(folder, "reference/reference.json"), "utf8")).resnet20;
  const open = (name: string) => openDataset({ source: "cifar10", path: join(folder, "cifar10-sample", name) });

  it("gives PyTorch's logits and feature norms for the first three training images", async () => {
    const net = await openNet(3);
    const { x, labels } = normalised(await open("train_4000.bin"), [0, 1, 2]);
    const { logits, features } = await net.run({ x, targets: oneHot(labels, 10) });
    await net.dispose();
    reference()
      .logits_train_0_to_2.flat()
      .forEach((expected: number, i: number) => {
        expect(Math.abs(logits[i]! - expected)).toBeLessThan(1e-4);
      });
    reference().feature_norm_train_0_to_2.forEach((expected: number, image: number) => {
      expect(Math.hypot(...features.subarray(image * 64, (image + 1) * 64))).toBeCloseTo(expected, 4);
    });
  });

  it.each(["train_4000.bin", "test_1000_jpeg.bin"])(
    "classifies %s as in PyTorch, image for image in number",
    async (name) => {
      const { correct, n, mean_cross_entropy }: Reference = reference()[name];
      const dataset = await open(name);
      const net = await openNet(BATCH);
      let hits = 0;
      let loss = 0;
      for (let start = 0; start < n; start += BATCH) {
        const { x, labels } = normalised(
          dataset,
          Array.from({ length: BATCH }, (_, i) => start + i),
        );
        const out = await net.run({ x, targets: oneHot(labels, 10) });
        loss += out.loss[0]! * (BATCH / n);
        labels.forEach((label, row) => {
          const logits = out.logits.subarray(row * 10, (row + 1) * 10);
          if (logits.indexOf(Math.max(...logits)) === label) hits++;
        });
      }
      await net.dispose();
      expect(hits).toBe(correct);
      expect(Math.abs(loss / mean_cross_entropy - 1)).toBeLessThan(1e-4);
    },
  );
});

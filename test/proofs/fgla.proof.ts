// FGLA (spec/attacks-generative.md 2.3): features to 5 %, images as good as the decoder makes of the true features, in less than a second
// without a step, and nothing of it from a random update (control C1). The true features are an oracle of this proof. Labels are drawn, all
// distinct: the net is untrained, so that none means anything.
import { describe, expect, it } from "vitest";
import attack from "../../src/attacks/generative/direct/fgla.js";
import { featuresOf, trainDecoder } from "../../src/attacks/generative/direct/fgla-decoder.js";
import { recoverFeatures } from "../../src/attacks/generative/direct/fgla-features.js";
import { readBatch } from "../../src/data/dataset.js";
import { openDataset } from "../../src/data/open.js";
import { createRandom } from "../../src/math/random.js";
import { tensor } from "../../src/math/tensor.js";
import { splitBatch } from "../../src/metrics/image.js";
import convnet from "../../src/models/convnet.js";
import { attackContext, freshPayload, knowledge, observation, observed, playRound } from "../small-round.js";
import { note, pictures } from "./prove.js";
import { randomTwin } from "./random-twin.js";

const [CLASSES, SIZE, SEEDS, SURROGATE] = [100, 8, 3, 1500];
const options = { trainingSteps: 300, trainingBatch: 24, width: 48, offsets: true };

const decibels = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (Math.min(1, Math.max(0, a[i]!)) - b[i]!) ** 2;
  return 10 * Math.log10(a.length / total);
};

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`fgla on ${name}`, () => {
    it(`batch ${SIZE}, ${CLASSES} outputs, ${SEEDS} seeds`, async () => {
      const started = performance.now();
      const dataset = await openDataset(data);
      const [errors, behind, gained, times]: number[][] = [[], [], [], []] as number[][];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = createRandom(seed);
        const payload = freshPayload(convnet(dataset.shape, CLASSES), random.split("net"));
        const context = attackContext(seed);
        const records = Array.from({ length: Math.min(SIZE + SURROGATE, dataset.length) }, (_, i) => i);
        const surrogate = readBatch(dataset, records.slice(SIZE));
        const { inputs } = readBatch(dataset, records.slice(0, SIZE));
        const labels = random
          .split("labels")
          .shuffle([...Array(CLASSES).keys()])
          .slice(0, SIZE);
        const prepared = await trainDecoder(payload, surrogate.inputs, options, context);
        const round = observed(await playRound({ payload, batch: { inputs, labels } }));
        const grants = { basicKnowledge: knowledge(SIZE), surrogateData: surrogate, labels };
        const run = (seen: typeof round) =>
          attack.run(
            { observation: observation({ updates: { rounds: [seen] }, ...grants }), prepared, secret: undefined },
            attack.options.parse(options),
            context,
          );
        const before = performance.now();
        const found = await run(round);
        times!.push(performance.now() - before);
        expect(found.iterations).toBe(0);
        const noise = await run(randomTwin(round, random));

        const { features } = await featuresOf(payload, inputs.data, context);
        const length = features.shape[1]!;
        const truth = labels.map((_, row) => features.data.subarray(row * length, (row + 1) * length));
        const head = payload.model.head;
        const gradient = {
          weight: round.view.update.get(head.weight)!.data,
          bias: round.view.update.get(head.bias!)!.data,
        };
        recoverFeatures(gradient, labels, SIZE).forEach((own, row) => {
          const off = Math.hypot(...own.map((value, i) => value - truth[row]![i]!));
          errors!.push((100 * off) / Math.hypot(...truth[row]!));
        });
        const painted = tensor(inputs.shape, await prepared.decode(truth, context));
        const [ours, oracle, without, originals] = [found.inputs, painted, noise.inputs, inputs].map(splitBatch);
        originals!.forEach((original, row) => {
          const reached = decibels(ours![row]!.data, original.data);
          behind!.push(decibels(oracle![row]!.data, original.data) - reached);
          gained!.push(reached - decibels(without![row]!.data, original.data));
        });
      }
      const seconds = (performance.now() - started) / 1000;
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const setting = `${attack.id}: batch ${SIZE}, ${CLASSES} outputs, ${SEEDS} seeds`;
      const lines = [
        {
          proof: `${setting}, error of the features`,
          unit: "%",
          measured: errors!,
          summary: `worst ${Math.max(...errors!).toFixed(2)} %`,
          bar: "each at most 5 %",
          held: Math.max(...errors!) <= 5,
        },
        {
          proof: `${setting}, decoder's image of the true features less ours`,
          unit: "dB",
          measured: behind!,
          summary: `worst ${Math.max(...behind!.map(Math.abs)).toFixed(2)} dB`,
          bar: "each within 0.5 dB",
          held: Math.max(...behind!.map(Math.abs)) <= 0.5,
        },
        {
          proof: `${setting}, ours less what a random update gives (C1)`,
          unit: "dB",
          measured: gained!,
          summary: `mean ${mean(gained!).toFixed(2)} dB`,
          bar: "mean at least 2 dB",
          held: mean(gained!) >= 2,
        },
        {
          proof: `${setting}, time of the attack after learning`,
          unit: "ms",
          measured: times!,
          summary: "no step of optimisation",
          bar: "each below 1000 ms",
          held: Math.max(...times!) < 1000,
        },
      ];
      for (const line of lines) expect.soft(note({ ...line, pictures: name, seconds })).toBe(true);
    });
  });
}

// GIAS (spec/attacks-generative.md 2.4) against its range bound, which G-PCA tells in closed form: latents alone find a picture of the range
// again, of a real one they reach the bound and no more, parameters of its own go beyond; and a random update (control C1) gives nothing.
// The bound is an oracle of this proof.
import { describe, expect, it } from "vitest";
import attack, { searchLatents } from "../../src/attacks/generative/latent/gias.js";
import { sampleLatents } from "../../src/attacks/generators/generator.js";
import { type PrincipalComponents, principalComponents } from "../../src/attacks/generators/principal-components.js";
import { readBatch } from "../../src/data/dataset.js";
import { openDataset } from "../../src/data/open.js";
import { createRandom } from "../../src/math/random.js";
import { tensor } from "../../src/math/tensor.js";
import convnet from "../../src/models/convnet.js";
import { attackContext, freshPayload, knowledge, observation, observed, playRound } from "../small-round.js";
import { note, pictures } from "./prove.js";
import { randomTwin } from "./random-twin.js";

const [SEEDS, SURROGATE, LATENT] = [5, 500, 64];
/** Every seed takes the next record from here on. */
const FROM = 167;

const decibels = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (Math.min(1, Math.max(0, a[i]!)) - Math.min(1, Math.max(0, b[i]!))) ** 2;
  return Math.min(120, 10 * Math.log10(a.length / total));
};

/** Pixels of a latent. */
function paint({ weights }: PrincipalComponents, z: ArrayLike<number>): Float64Array {
  const directions = weights.get("directions")!.data;
  return Float64Array.from(weights.get("mean")!.data, (mean, i) => {
    let value = mean;
    for (let k = 0; k < z.length; k++) value += directions[i * z.length + k]! * z[k]!;
    return value;
  });
}

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`gias on ${name}`, () => {
    it(`convnet, batch 1, ${LATENT} components, ${SEEDS} seeds`, async () => {
      const started = performance.now();
      const dataset = await openDataset(data);
      const shape = [1, ...dataset.shape];
      const [within, excess, beyond, gained]: number[][] = [[], [], [], []] as number[][];
      const victims = Array.from({ length: SEEDS }, (_, i) => FROM + i);
      const others = Array.from({ length: dataset.length }, (_, i) => i).filter((i) => !victims.includes(i));
      const surrogate = readBatch(dataset, others.slice(0, SURROGATE));
      const generator = principalComponents(surrogate.inputs, LATENT);
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = createRandom(seed);
        const context = attackContext(seed);
        const payload = freshPayload(convnet(dataset.shape, dataset.classes.length), random.split("net"));
        const { inputs, labels } = readBatch(dataset, [victims[seed - 1]!]);

        const hidden = paint(generator, sampleLatents(generator, 1, random.split("hidden")));
        const inRange = observed(await playRound({ payload, batch: { inputs: tensor(shape, hidden), labels } }));
        const search = { labels, knowledge: knowledge(1), tv: 0, learningRate: 0.1, before: 0, steps: 600, total: 600 };
        const start = sampleLatents(generator, 1, random.split("start"));
        within!.push(
          decibels((await searchLatents(generator, start, { ...search, round: inRange }, context)).images, hidden),
        );

        const round = observed(await playRound({ payload, batch: { inputs, labels } }));
        const run = async (seen: typeof round, options: Record<string, unknown>) => {
          const grants = {
            updates: { rounds: [seen] },
            basicKnowledge: knowledge(1),
            surrogateData: surrogate,
            labels,
          };
          const chosen = attack.options.parse({ latent: LATENT, ...options });
          const input = { observation: observation(grants), prepared: generator, secret: undefined };
          return decibels((await attack.run(input, chosen, context)).inputs.data, inputs.data);
        };
        const bound = decibels(generator.project(inputs.data).picture, inputs.data);
        const first = await run(round, { iterations: 300, refinements: 0 });
        const both = await run(round, { iterations: 300, refinements: 600 });
        excess!.push(first - bound);
        beyond!.push(both - Math.max(bound, first));
        gained!.push(both - (await run(randomTwin(round, random), { iterations: 300, refinements: 600 })));
      }
      const seconds = (performance.now() - started) / 1000;
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const setting = `${attack.id}: convnet, batch 1, ${LATENT} components, ${SEEDS} seeds`;
      const line = (what: string, measured: readonly number[], bar: string, held: boolean) => ({
        proof: `${setting}, ${what}`,
        pictures: name,
        unit: "dB",
        measured,
        summary: `mean ${mean(measured).toFixed(2)} dB`,
        bar,
        held,
        seconds,
      });
      const lines = [
        line("latents alone on a picture of the range", within!, "each at least 30 dB", Math.min(...within!) >= 30),
        line("latents alone less the range bound", excess!, "each at most 0.5 dB", Math.max(...excess!) <= 0.5),
        line("both stages less the bound or latents alone", beyond!, "mean at least 3 dB", mean(beyond!) >= 3),
        line("both stages less what a random update gives (C1)", gained!, "mean at least 2 dB", mean(gained!) >= 2),
      ];
      for (const each of lines) expect.soft(note(each)).toBe(true);
    });
  });
}

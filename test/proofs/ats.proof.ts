// The search of ATS on a partly trained convnet, and what its best policy does to Inverting Gradients against crop and flip alone: after a part
// of the training and at its start (spec/defenses.md 15). Reconstructions are compared with what was really trained on.
import { describe, expect, it } from "vitest";
import attack from "../../src/attacks/optimization/basic/inverting-gradients.js";
import { configSchema } from "../../src/audit/config.js";
import { openClients } from "../../src/audit/setting.js";
import { type Batch, readBatch, readRows } from "../../src/data/dataset.js";
import { attach } from "../../src/defenses/define.js";
import { transformPixels } from "../../src/defenses/input/ats/pixels.js";
import { privacyScore, rowsByClass } from "../../src/defenses/input/ats/scores.js";
import { searchPolicies } from "../../src/defenses/input/ats/search.js";
import ats from "../../src/defenses/input/ats.js";
import type { Payload } from "../../src/federated/hooks.js";
import { createTrainer, type Trainer } from "../../src/federated/training.js";
import { descend } from "../../src/federated/update.js";
import { createRandom } from "../../src/math/random.js";
import { attackContext, backend, knowledge, observation, observed, playRound } from "../small-round.js";
import { note, pictures } from "./prove.js";

const SEEDS = [1, 2, 3];
const RECORDS = 300;
const STEPS = 300;
const INVERT_AND_SHIFT = [29, 3];

async function settingOf(data: (typeof pictures)[number]["data"], seed: number, trainer: Trainer) {
  const config = configSchema.parse({ model: { name: "convnet" }, data: { ...data, records: RECORDS }, seed });
  const { dataset, model, weights } = await openClients(config, createRandom(seed));
  const all = readBatch(
    dataset,
    Array.from({ length: RECORDS }, (_, i) => i),
  );
  const fresh: Payload = { model, weights };
  const order = createRandom(seed).split("order");
  let trained = weights;
  for (let step = 0; step < STEPS; step++) {
    const rows = order.shuffle(Array.from({ length: RECORDS }, (_, i) => i)).slice(0, 50);
    const { update } = await trainer.gradient({ model, weights: trained }, readRows(all, rows));
    trained = descend(trained, update, 0.1);
  }
  return { fresh, trained: { model, weights: trained }, all };
}

/** PSNR of Inverting Gradients on the picture that was trained on. */
async function inverted(payload: Payload, batch: Batch, policies: string, seed: number): Promise<number> {
  const record = await playRound({ payload, batch, seed, defenses: [attach(ats, { policies })] });
  const options = attack.options.parse({ iterations: 500, tv: 1e-2 });
  const { inputs } = await attack.run(
    {
      observation: observation({
        updates: { rounds: [observed(record)] },
        basicKnowledge: knowledge(1),
        labels: batch.labels,
      }),
      prepared: undefined,
      secret: undefined,
    },
    options,
    attackContext(seed),
  );
  const truth = Float64Array.from(record.clients.get(0)!.batch.inputs.data);
  const error = truth.reduce((sum, value, i) => sum + (value - inputs.data[i]!) ** 2, 0) / truth.length;
  return -10 * Math.log10(error);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`ats on ${name}`, () => {
    it("scores, searches and hides", async () => {
      const trainer = createTrainer(backend, "float32");
      const gaps = {
        identity: [] as number[],
        trained: [] as number[],
        fresh: [] as number[],
        seconds: [] as number[],
      };
      const found: string[] = [];
      const started = performance.now();
      for (const seed of SEEDS) {
        const { fresh, trained, all } = await settingOf(data, seed, trainer);
        const sample = rowsByClass(all, 1).flat();
        const score = async (policy: readonly number[]) => {
          const scores: number[] = [];
          for (const row of sample) {
            const seen = transformPixels(readRows(all, [row]), null, [policy], null, createRandom(row));
            scores.push((await privacyScore(trained, seen, null, createRandom(row), trainer)).score);
          }
          return mean(scores);
        };
        gaps.identity.push((await score([])) - (await score(INVERT_AND_SHIFT)));
        const searching = performance.now();
        const search = { trained, fresh, pictures: all, normalization: null, candidates: 50, perClass: 1, batches: 3 };
        const tools = { trainer, backend, signal: new AbortController().signal };
        const [best] = await searchPolicies({ ...search, leastAccuracy: -85 }, createRandom(seed), tools);
        gaps.seconds.push((performance.now() - searching) / 1000);
        const policies = best!.policy.join("-");
        found.push(policies);
        const victims = sample.slice(0, 2).map((row) => readRows(all, [row]));
        for (const [key, payload] of [
          ["trained", trained],
          ["fresh", fresh],
        ] as const) {
          for (const [i, victim] of victims.entries()) {
            const plain = await inverted(payload, victim, "", 10 * seed + i);
            gaps[key].push(plain - (await inverted(payload, victim, policies, 10 * seed + i)));
          }
        }
      }
      await trainer.dispose();
      const seconds = (performance.now() - started) / 1000;
      const lines = [
        {
          proof: "ats: S_pri of plain pictures minus inverted and shifted ones, convnet after 300 steps",
          unit: "",
          measured: gaps.identity,
          summary: `mean ${mean(gaps.identity).toFixed(3)}`,
          bar: "above 0 for every seed",
          held: gaps.identity.every((gap) => gap > 0),
        },
        {
          proof: "ats: seconds of a search over 50 policies",
          unit: "s",
          measured: gaps.seconds,
          summary: `found ${found.join(", ")}`,
          bar: "below 300 s",
          held: gaps.seconds.every((value) => value < 300),
        },
        {
          proof: "ats: PSNR that inverting-gradients loses to the policy found, against crop and flip, after 300 steps",
          unit: "dB",
          measured: gaps.trained,
          summary: `mean ${mean(gaps.trained).toFixed(1)} dB`,
          bar: "mean at least 3 dB",
          held: mean(gaps.trained) >= 3,
        },
        {
          proof: "ats: the same loss at step 0",
          unit: "dB",
          measured: gaps.fresh,
          summary: `mean ${mean(gaps.fresh).toFixed(1)} dB`,
          bar: "mean below that after 300 steps",
          held: mean(gaps.fresh) < mean(gaps.trained),
        },
      ];
      // Measured: with 50 candidates of the authors' 1600, one picture per class and this small net, the privacy score does not tell which
      // policies hide pictures, and the changed picture comes back about as well as a cropped one.
      // Bars are noted as they stand, missed or held; what fails the proof is a search that finds nothing or takes too long.
      for (const line of lines) note({ ...line, pictures: name, seconds });
      expect(found).toHaveLength(SEEDS.length);
      expect(Math.max(...gaps.seconds)).toBeLessThan(300);
    }, 3_600_000);
  });
}

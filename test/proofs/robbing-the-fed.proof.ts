// Robbing the Fed (spec/attacks-analytic.md 3.1): just the images alone in their bin come back, n(1-1/k)^(n-1) of n in the mean.
// Where the bins are and who is in them is an oracle of this proof; the attack knows nothing of it.
import { describe, expect, it } from "vitest";
import attack from "../../src/attacks/analytic/sparsification/robbing-the-fed.js";
import { openSetting } from "../../src/audit/setting.js";
import { readBatch } from "../../src/data/dataset.js";
import { normalise } from "../../src/data/normalization.js";
import { openDataset } from "../../src/data/open.js";
import { createRandom } from "../../src/math/random.js";
import { splitBatch } from "../../src/metrics/image.js";
import { armInput, attackContext } from "../small-round.js";
import { caseOf, decibels, evaluate, note, pictures, type Run } from "./prove.js";

const [{ setting, arms, bars }] = attack.proofs as [(typeof attack.proofs)[number]];
const { model, batchSize } = setting;
const options = arms.attack!.options!;
const bar = bars[0]!;
const SEEDS = 20;
const bins = options.bins as number;
/** The bar in percent; n(1-1/k)^(n-1) gives 88.6 of 100. */
const EXPECTED = 88.7;

/** Per image of the case: is it alone between two edges? */
async function findAlone(run: Run): Promise<boolean[]> {
  const spec = caseOf(run);
  const { model: net, weights, surrogate, normalization, dataset } = await openSetting(spec, createRandom(spec.seed));
  const payload = { model: net, weights };
  const context = attackContext(spec.seed);
  const prepared = await attack.prepare!(
    { payload, surrogate: normalise(surrogate, normalization) },
    spec.attack.options,
    context,
  );
  const armed = await attack.arm!(armInput(payload, prepared), spec.attack.options, context);
  const { bias } = armed.secret as { bias: string };
  const edges = Array.from(armed.payload(0, 0, []).weights.get(bias)!.data, (value) => -value);
  const binOf = splitBatch(readBatch(dataset, run.records).inputs).map(({ data }) => {
    const brightness = Math.fround(Array.from(data).reduce((sum, value) => sum + value, 0) / data.length);
    return edges.filter((edge) => edge < brightness).length;
  });
  return binOf.map((bin) => binOf.filter((other) => other === bin).length === 1);
}

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`robbing-the-fed on ${name}`, () => {
    it.each(["normal", "empirical"] as const)("%s edges, 20 batches", async (edges) => {
      const started = performance.now();
      const { length } = await openDataset(data);
      const measured: number[] = [];
      let largestGap = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const records = createRandom(seed)
          .shuffle(Array.from({ length }, (_, i) => i))
          .slice(0, batchSize);
        const run = { attack, model, data, records, seed, batchSize, options: { ...options, edges } };
        const recovered = decibels(await evaluate(run)).map((value) => value > bar.value);
        const alone = await findAlone(run);
        largestGap = Math.max(largestGap, recovered.filter((came, i) => came !== alone[i]).length);
        measured.push(recovered.filter(Boolean).length);
      }
      const mean = (100 * measured.reduce((sum, value) => sum + value, 0)) / (SEEDS * batchSize);
      const line = {
        proof: `${attack.id}: batch ${batchSize}, ${bins} bins, ${edges} edges, ${SEEDS} seeds`,
        pictures: name,
        unit: `images of ${batchSize}`,
        measured,
        summary: `mean ${mean.toFixed(1)} % above ${bar.value} dB, at most ${largestGap} image(s) of a batch differ from those alone in their bin`,
        bar: `the recovered images are those alone in their bin but for 1; mean ${EXPECTED} +- 4 %`,
        held: largestGap <= 1 && Math.abs(mean - EXPECTED) <= 4,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });
  });
}

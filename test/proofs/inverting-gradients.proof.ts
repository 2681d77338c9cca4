// Inverting Gradients with known labels, 1,000 steps, on the nets and bars that the attack itself declares (spec/attacks-optimization.md 2.3).
import { describe, expect, it } from "vitest";
import attack from "../../src/attacks/optimization/basic/inverting-gradients.js";
import { decibels, evaluate, note, pictures, shareAbove, told } from "./prove.js";

const records = { "CIFAR-10": [0, 1, 3, 4], "drawn portraits": [0, 1, 2, 3] } as const;
const seeds = [1, 2];

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`inverting-gradients on ${name}`, () => {
    const cases = attack.proofs.flatMap((proof) => seeds.map((seed) => ({ ...proof, seed })));
    it.each(cases)("$name, seed $seed", async ({ name: title, seed, model, labels, options, bar }) => {
      const started = performance.now();
      const result = await evaluate({ attack, model, data, records: records[name], seed, labels, options });
      const measured = decibels(result);
      const line = {
        proof: `${attack.id}: ${title}, labels ${labels}, seed ${seed}`,
        pictures: name,
        unit: "dB",
        measured,
        summary: told(measured, bar.value),
        bar: `>= ${bar.value} dB for ${100 * bar.share} %`,
        held: shareAbove(measured, bar.value) >= bar.share,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });
  });
}

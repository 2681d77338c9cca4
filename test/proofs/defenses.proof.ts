// The two defenses against DLG, which does not know of them: both keep it below 15 dB. Records, weights and search are those of
// dlg.proof.ts, which is the control: undefended, the same search brings most of these records back above 40 dB.
import { describe, expect, it } from "vitest";
import dlg from "../../src/attacks/optimization/basic/dlg.js";
import gaussianNoise from "../../src/defenses/update/gaussian-noise.js";
import topK from "../../src/defenses/update/top-k.js";
import { decibels, evaluate, note, pictures } from "./prove.js";

const records = { "CIFAR-10": [0, 1, 3, 4], "drawn portraits": [0, 1, 2, 3] } as const;
const cases = [
  { defense: gaussianNoise, options: { sigma: 0.1 } },
  { defense: topK, options: { keep: 0.01 } },
];

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`dlg on ${name}`, () => {
    it.each(cases)("is held below 15 dB by $defense.id", async ({ defense, options }) => {
      const started = performance.now();
      const chosen = { id: defense.id, options: defense.options.parse(options) };
      const measured: number[] = [];
      for (const record of records[name]) {
        const run = { attack: dlg, model: "lenet", data, records: [record], seed: record + 1, defense: chosen };
        measured.push(...decibels(await evaluate(run)));
      }
      const line = {
        proof: `dlg against ${defense.id} ${JSON.stringify(options)}`,
        pictures: name,
        unit: "dB",
        measured,
        summary: `highest ${Math.max(...measured).toFixed(1)} dB`,
        bar: "< 15 dB for every image",
        held: measured.every((value) => value < 15),
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });
  });
}

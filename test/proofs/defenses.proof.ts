// The two defenses against DLG, which does not know of them: both keep it below 15 dB. The search is shorter than in dlg.proof.ts; that it
// is long enough is its control, the same search without a defense.
import { describe, expect, it } from "vitest";
import dlg from "../../src/attacks/optimization/basic/dlg.js";
import gaussianNoise from "../../src/defenses/update/gaussian-noise.js";
import topK from "../../src/defenses/update/top-k.js";
import { decibels, evaluate, note, pictures, shareAbove, told } from "./prove.js";

const records = { "CIFAR-10": [0, 1, 3, 4], "drawn portraits": [0, 1, 2, 3] } as const;
const search = { precision: "float32", starts: 2, calls: 100 };
const cases = [
  { defense: gaussianNoise, options: { sigma: 0.1 } },
  { defense: topK, options: { keep: 0.01 } },
];

for (const { name, missing, data } of pictures) {
  describe.skipIf(missing)(`dlg on ${name}`, () => {
    it("comes through undefended with the same search", async () => {
      const started = performance.now();
      const measured: number[] = [];
      for (const record of records[name]) {
        const run = { attack: dlg, model: "lenet", data, records: [record], seed: record + 1, options: search };
        measured.push(...decibels(await evaluate(run)));
      }
      const line = {
        proof: "dlg against no defense, the control of the two below",
        pictures: name,
        unit: "dB",
        measured,
        summary: told(measured, 30),
        bar: ">= 30 dB for 75 %",
        held: shareAbove(measured, 30) >= 0.75,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });

    it.each(cases)("is held below 15 dB by $defense.id", async ({ defense, options }) => {
      const started = performance.now();
      const measured: number[] = [];
      for (const record of records[name]) {
        const chosen = { id: defense.id, options: defense.options.parse(options) };
        const run = { attack: dlg, model: "lenet", data, records: [record], seed: record + 1, options: search };
        measured.push(...decibels(await evaluate({ ...run, defense: chosen })));
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

// DLG and iDLG on lenet with default options, and in the authors' variant without a line search (spec/attacks-optimization.md 2.1, 2.2).
// Every record meets weights of its own.
import { describe, expect, it } from "vitest";
import dlg from "../../src/attacks/optimization/basic/dlg.js";
import idlg from "../../src/attacks/optimization/basic/idlg.js";
import { decibels, evaluate, note, pictures, shareAbove, told } from "./prove.js";

const groups = {
  "CIFAR-10": [
    [0, 1, 3, 4],
    [1200, 1201, 1202, 1203],
  ],
  "drawn portraits": [[0, 1, 2, 3]],
};
const authors = { lineSearch: "none", starts: 1, calls: 300 };

describe.each([dlg, idlg])("$id", (attack) => {
  const [proof] = attack.proofs;
  const { model, bar } = proof!;

  for (const { name, missing, data } of pictures) {
    describe.skipIf(missing)(`on ${name}`, () => {
      const each = async (records: readonly number[], options: Readonly<Record<string, unknown>>) => {
        const measured: number[] = [];
        const labels: number[] = [];
        for (const record of records) {
          const result = await evaluate({ attack, model, data, records: [record], seed: record + 1, options });
          measured.push(...decibels(result));
          labels.push(result.labels!.accuracy!);
        }
        return { measured, labels };
      };

      it.each(groups[name].map((records) => ({ records })))(
        "$records: image and label come back",
        async ({ records }) => {
          const started = performance.now();
          const { measured, labels } = await each(records, proof!.options);
          const held = shareAbove(measured, bar.value) >= bar.share && shareAbove(labels, 1) >= bar.share;
          const line = {
            proof: `${attack.id}: ${proof!.name}, records ${records.join()}`,
            pictures: name,
            unit: "dB",
            measured,
            summary: `${told(measured, bar.value)}; right label for ${100 * shareAbove(labels, 1)} %`,
            bar: `>= ${bar.value} dB and the right label for ${100 * bar.share} %`,
            held,
            seconds: (performance.now() - started) / 1000,
          };
          expect(note(line)).toBe(true);
        },
      );

      it("in the authors' variant: how often above 30 dB", async () => {
        const started = performance.now();
        const { measured } = await each(groups[name].flat(), authors);
        expect(measured).toHaveLength(groups[name].flat().length);
        note({
          proof: `${attack.id}: authors' variant without line search, one start`,
          pictures: name,
          unit: "dB",
          measured,
          summary: told(measured, 30),
          bar: null,
          held: null,
          seconds: (performance.now() - started) / 1000,
        });
      });
    });
  }
});

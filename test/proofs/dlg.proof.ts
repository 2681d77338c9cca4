// DLG and iDLG on lenet in the authors' variant without a line search (spec/attacks-optimization.md 2.1, 2.2): how often it comes near.
// With their defaults they are proved by `leakscope reproduce`. Every record meets weights of its own.
import { describe, expect, it } from "vitest";
import dlg from "../../src/attacks/optimization/basic/dlg.js";
import idlg from "../../src/attacks/optimization/basic/idlg.js";
import { decibels, evaluate, note, pictures, told } from "./prove.js";

const groups = {
  "CIFAR-10": [0, 1, 3, 4, 1200, 1201, 1202, 1203],
  "drawn portraits": [0, 1, 2, 3],
};
const authors = { lineSearch: "none", starts: 1, calls: 300 };

describe.each([dlg, idlg])("$id", (attack) => {
  for (const { name, missing, data } of pictures) {
    describe.skipIf(missing)(`on ${name}`, () => {
      it("in the authors' variant: how often above 30 dB", async () => {
        const started = performance.now();
        const measured: number[] = [];
        for (const record of groups[name]) {
          const run = { attack, model: "lenet", data, records: [record], seed: record + 1, options: authors };
          measured.push(...decibels(await evaluate(run)));
        }
        expect(measured).toHaveLength(groups[name].length);
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

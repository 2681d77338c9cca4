// Label rules by themselves, against the table of spec/attacks-optimization.md 1.9: untrained 3072-256-256-C nets, 25 batches for each of ten
// nets per cell. The specification's shares of exact batches come from 25 batches, so that they are uncertain by more than the bar: p has a
// standard deviation of √(p(1 - p)/25), up to 0.1, and nets differ. The bar is noted as it stands, missed or held; what fails the proof
// is a figure that is also three standard deviations of our own draws of 25 batches away.
import { beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.js";
import { openDataset } from "../../src/data/open.js";
import { cellName, columns, measureCell, measureJoint, rows, type Shares } from "../label-cells.js";
import { note, pictures } from "./prove.js";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const jointSeeds = seeds.slice(0, 3);
const BATCHES = 25;
const names = Object.keys(columns) as (keyof typeof columns)[];

const surrogate = (name: keyof typeof columns) => {
  const column = columns[name];
  return "probe" in column && column.probe === "surrogate";
};
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviationOf = (values: readonly number[]) =>
  Math.sqrt(meanOf(values.map((value) => (value - meanOf(values)) ** 2)));
const told = (values: readonly number[]) => names.map((name, i) => `${name} ${values[i]!.toFixed(2)}`).join(", ");

describe.each(pictures)("label rules on $name", ({ name, missing, data: spec }) => {
  describe.skipIf(missing)("beside the specification's table", () => {
    let data: Dataset;
    const lead: number[] = [];
    // Drawn portraits are more alike than photographs, which can only help the rules that rest on equal features.
    const comparison = name === "CIFAR-10" ? "within" : "no more than";
    const bar = (allowed: number, published: readonly number[]) =>
      published.length === 0
        ? null
        : `${comparison} ${allowed} ${name === "CIFAR-10" ? "of" : "below"} the specification's ${published.join(" ")}`;
    const off = (measured: number, published: number) =>
      name === "CIFAR-10" ? Math.abs(measured - published) : published - measured;
    beforeAll(async () => {
      data = await openDataset(spec);
    });

    it.each(rows)("$activation, $classes classes, $images images", async (row) => {
      const started = performance.now();
      const drawn: Record<keyof typeof columns, Shares>[] = [];
      for (const seed of seeds) drawn.push(await measureCell(row, data, { seed, batches: BATCHES }));
      const each = (part: 0 | 1) => names.map((column) => drawn.map((shares) => shares[column][part]));
      const seconds = () => (performance.now() - started) / 1000;
      const means = each(0).map(meanOf);
      const exact = each(1);
      const rivals = means.filter((_, i) => names[i] !== "ilrg" && !surrogate(names[i]!));
      lead.push(means[names.indexOf("ilrg")]! - Math.max(...rivals));

      const meanHeld = row.mean.every((published, i) => off(means[i]!, published) <= 0.05);
      const line = { pictures: name, measured: means, summary: told(means), seconds: seconds() };
      note({
        proof: `labels: ${cellName(row)}`,
        unit: "mean share of labels",
        bar: bar(0.05, row.mean),
        held: row.mean.length === 0 ? null : meanHeld,
        ...line,
      });
      const exactMeans = exact.map(meanOf);
      const missed = row.exact.flatMap((published, i) => (off(exactMeans[i]!, published) > 0.15 ? [names[i]!] : []));
      note({
        ...line,
        proof: `labels: ${cellName(row)}, all of a batch`,
        unit: "share of batches recovered exactly",
        measured: exactMeans,
        summary: `${told(exactMeans)}${missed.length === 0 ? "" : `; beyond the bar: ${missed.join(", ")}`}`,
        bar: bar(0.15, row.exact),
        held: row.exact.length === 0 ? null : missed.length === 0,
      });
      const joint: number[] = [];
      for (const seed of jointSeeds) joint.push(await measureJoint(row, data, seed));
      note({
        proof: `labels: ${cellName(row)}, joint`,
        pictures: name,
        unit: "share of labels per batch",
        measured: joint,
        summary: `mean ${meanOf(joint).toFixed(2)}; dlg, one start of 20 calls`,
        bar: null,
        held: null,
        seconds: seconds(),
      });

      expect(meanHeld).toBe(true);
      row.exact.forEach((published, i) => {
        const allowed = Math.max(0.15, 3 * deviationOf(exact[i]!));
        expect(off(exactMeans[i]!, published), names[i]).toBeLessThanOrEqual(allowed);
      });
    });

    it("no rule on the update alone or on dummies does better than ilrg, the default where the last layer has a bias", () => {
      const line = {
        proof: "labels: ilrg, the default, beside the best other rule without surrogate pictures",
        pictures: name,
        unit: "mean share more than the best other rule, per cell",
        measured: lead,
        summary: rows.map(cellName).join("; "),
        bar: ">= 0 in every cell",
        held: lead.length === rows.length && lead.every((more) => more >= 0),
        seconds: 0,
      };
      expect(note(line)).toBe(true);
    });
  });
});

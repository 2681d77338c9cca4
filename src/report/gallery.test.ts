// Order of the gallery, and the pictures that stand for all.
import { expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { extremesOf, itemsOf, sortItems } from "./gallery.js";
import { groupCells } from "./groups.js";

const items = itemsOf(groupCells(sampleAudit().cells));

it("has every picture of every computation once", () => {
  expect(items).toHaveLength(16);
  expect(new Set(items.map(({ group, index }) => `${group.id} ${index}`)).size).toBe(16);
});

it("puts what leaked before what did not, then the nearer one first", () => {
  const sorted = sortItems(items, "most");
  const marks = sorted.map(({ image }) => image.leaked);
  expect(marks).toEqual([...marks].sort((a, b) => Number(b) - Number(a)));
  const leaked = sorted.filter(({ image }) => image.leaked).map(({ psnr }) => psnr!);
  expect(leaked).toEqual([...leaked].sort((a, b) => b - a));
  expect(sortItems(items, "least")).toEqual(sorted.toReversed());
  expect(sortItems(items, "record").map(({ image }) => image.record)).toEqual(
    items.map(({ image }) => image.record).sort((a, b) => a - b),
  );
});

it("picks best, median and worst among those that came back with a figure", () => {
  const sorted = sortItems(items, "most");
  expect(extremesOf(items).map(({ title, item }) => [title, sorted.indexOf(item)])).toEqual([
    ["Leaks most", 0],
    ["Median", 7],
    ["Leaks least", 15],
  ]);
  expect(extremesOf(items.slice(0, 1)).map(({ title }) => title)).toEqual(["Leaks most"]);
  expect(extremesOf([{ ...items[0]!, psnr: null }])).toEqual([]);
});

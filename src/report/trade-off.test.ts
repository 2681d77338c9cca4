// Defenses as trade-offs: worst cells, the axis of cost, and the front that nothing beats.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { CellJson } from "../audit/audit-json.js";
import { costAxis, offersOf, type Place, paretoFront, placesOf } from "./trade-off.js";

const { cells } = sampleAudit();
const stopped = cells.find(({ status }) => status === "resisted")!;
const leak = cells[0]!;

describe("offersOf", () => {
  it("puts no defense first and takes the worst cell of each", () => {
    const offers = offersOf(cells.filter(({ attack }) => attack === "dlg"));
    expect(offers.map(({ defense, stops }) => [defense, stops])).toEqual([
      ["none", false],
      ["top-k", true],
    ]);
    expect(offers[0]!.plain!.share).toBe(1);
    expect(offers[1]!.plain!.share).toBe(0);
  });

  it("keeps the attacker who knows the defense apart, and lets him undo it", () => {
    const known: CellJson = { ...leak, defense: "top-k", adaptive: true, recipe: stopped.recipe };
    const [offer] = offersOf([stopped, known]);
    expect(offer).toMatchObject({ stops: false, plain: { share: 0 }, adaptive: { share: 1 } });
  });

  it("counts what is undecided and does not call it stopped", () => {
    const [offer] = offersOf([{ ...stopped, status: "unknown" }]);
    expect(offer).toMatchObject({ stops: false, undecided: 1, plain: null });
  });
});

describe("placesOf", () => {
  it("measures cost by accuracy where there is one, else by what is left of the update", () => {
    const offers = offersOf([leak, stopped]);
    expect(placesOf(offers, costAxis(offers)).map(({ x }) => x)).toEqual([0.84, 0.81]);
    const blind = offersOf([leak, { ...stopped, utility: { ...stopped.utility!, accuracyWith: null } }]);
    expect(costAxis(blind).title).toContain("cosine");
    expect(placesOf(blind, costAxis(blind)).map(({ x }) => x)).toEqual([1, 0.36]);
  });
});

it("finds the front: what no other beats in both", () => {
  const at = (x: number, y: number) => ({ x, y }) as Place;
  const places = [at(1, 40), at(0.9, 10), at(0.8, 12), at(0.7, 5), at(0.7, 9), at(0.9, 10)];
  expect(paretoFront(places).map(({ x, y }) => [x, y])).toEqual([
    [0.7, 5],
    [0.9, 10],
    [0.9, 10],
    [1, 40],
  ]);
});

// Packing loses nothing and holds every picture once.
import { expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { packAudit, unpackAudit } from "./packed-audit.js";

it("gives back what it took, through JSON", () => {
  expect(unpackAudit(JSON.parse(JSON.stringify(packAudit(sampleAudit()))))).toEqual(sampleAudit());
});

it("holds every picture once", () => {
  const { pictures, audit } = packAudit(sampleAudit());
  expect(new Set(pictures).size).toBe(pictures.length);
  expect(audit.cells[0]!.images[0]!.original).toBe(audit.cells[2]!.images[0]!.original);
  expect(JSON.stringify(audit)).not.toContain("data:");
});

// Which pictures a report may hold under each policy, and what becomes of those that it refuses.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { AuditJson } from "../audit/audit-json.js";
import { renderReport } from "./html.js";
import { isPngDataUri, withholdPictures } from "./visible-pictures.js";

describe("pictures under the three policies", () => {
  const sample = sampleAudit();
  const originals = new Set(sample.cells.flatMap(({ images }) => images.map(({ original }) => original!)));
  const floors = new Set(sample.cells.flatMap(({ images }) => images.map(({ floor }) => floor!)));
  const holds = (page: string, uris: ReadonlySet<string>) => [...uris].some((uri) => page.includes(uri));
  const under = (policy: AuditJson["originals"]) => renderReport({ ...sampleAudit(), originals: policy });

  it("omit: neither originals nor guesses made of real pictures, even when the audit holds them", () => {
    expect(originals.size).toBe(4);
    expect(holds(under("omit"), originals)).toBe(false);
    expect(holds(under("omit"), floors)).toBe(false);
  });

  it("blur: what the audit holds, without the guesses", () => {
    expect(holds(under("blur"), originals)).toBe(true);
    expect(holds(under("blur"), floors)).toBe(false);
  });

  it("show: originals and guesses", () => {
    expect(holds(under("show"), originals) && holds(under("show"), floors)).toBe(true);
  });

  it("keeps reconstructions under every policy", () => {
    const made = new Set(sample.cells.flatMap(({ images }) => images.map(({ reconstruction }) => reconstruction!)));
    for (const policy of ["show", "blur", "omit"] as const) expect(holds(under(policy), made)).toBe(true);
  });

  it("refuses anything but a PNG data URI, says so, and lets no address out", () => {
    const audit = sampleAudit((changed) => {
      for (const image of changed.cells.flatMap(({ images }) => images)) image.original = "https://example.org/spy.png";
    });
    const { cells } = withholdPictures(audit);
    for (const { original, reason } of cells.flatMap(({ images }) => images)) {
      expect([original, reason]).toEqual([null, "refused: not a PNG data URI"]);
    }
    expect(renderReport(audit)).not.toContain("example.org");
  });
});

describe("isPngDataUri", () => {
  it.each([
    ["data:image/png;base64,iVBORw0KGgo=", true],
    ["data:image/svg+xml;base64,PHN2Zz4=", false],
    ["data:image/png;base64,", false],
    ['data:image/png;base64,AA" onload="x', false],
    ["data:image/png;base64,AA\n", false],
    ["https://example.org/a.png", false],
    ["javascript:alert(1)", false],
  ])("%j: %s", (uri, accepted) => expect(isPngDataUri(uri)).toBe(accepted));
});

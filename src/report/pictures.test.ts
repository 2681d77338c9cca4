// Which pictures a report may hold under each policy, and what becomes of those that it refuses.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { AuditJson } from "../audit/audit-json.js";
import { renderReport } from "./html.js";

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
    expect(under("omit")).not.toContain('class="difference"');
    expect(under("omit")).toContain("Originals: left out.");
  });

  it("blur: what the audit holds, named as blurred, without a difference", () => {
    expect(holds(under("blur"), originals)).toBe(true);
    expect(under("blur")).toContain("original, blurred");
    expect(under("blur")).not.toContain('class="difference"');
  });

  it("show: originals, differences and guesses", () => {
    expect(holds(under("show"), originals) && holds(under("show"), floors)).toBe(true);
    expect(under("show")).toContain('class="difference"');
  });

  it("refuses anything but a PNG data URI in place", () => {
    const page = renderReport(
      sampleAudit((audit) => {
        for (const image of audit.cells.flatMap(({ images }) => images)) image.original = "https://example.org/spy.png";
      }),
    );
    expect(page).toContain("refused: not a PNG data URI");
    expect(page).not.toContain("example.org");
  });

  it("folds away what is more than eight pictures, those that leaked first", () => {
    const page = renderReport(
      sampleAudit((audit) => {
        const cell = audit.cells[0]!;
        const kept = Array.from({ length: 9 }, (_, i) => ({ ...cell.images[1]!, record: 100 + i, leaked: false }));
        audit.cells = [{ ...cell, images: [...kept, cell.images[0]!] }];
      }),
    );
    expect(page).toContain("<summary>2 more pictures</summary>");
    const details = page.slice(page.indexOf("<article"));
    expect(details.indexOf("record 0 ")).toBeLessThan(details.indexOf("record 100 "));
  });
});

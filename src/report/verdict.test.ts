// What the first screen concludes from every mixture of statuses.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { AuditJson, CellStatus } from "../audit/audit-json.js";
import { judge } from "./verdict.js";

const only = (...statuses: CellStatus[]) =>
  sampleAudit((audit) => {
    audit.cells = audit.cells.filter(({ status }) => statuses.includes(status));
  });

describe("judge", () => {
  it("names the weakest adversary that succeeded, its clearest picture, and the defense that stopped it", () => {
    const verdict = judge(sampleAudit());
    expect(verdict.tone).toBe("leak");
    expect(verdict.sentence).toBe(
      "Somebody who records the traffic between one client and the server gets training pictures back.",
    );
    expect(verdict.detail).toMatch(/^4 of 4 pictures came back .* 41\.1 dB .* 20\.6 dB\.$/);
    expect(verdict.exhibit?.image.record).toBe(0);
    expect(verdict.defended?.cell.defense).toBe("top-k");
    expect(verdict.defended?.image.record).toBe(0);
    expect(verdict.finding?.severity).toBe("high");
  });

  it("shows no defense as a remedy that the attacker who knows it breaks, or where that is unknown", () => {
    for (const status of ["leak", "unknown"] as const) {
      const audit = sampleAudit((changed) => {
        const stopped = changed.cells.find(({ status }) => status === "resisted")!;
        changed.cells.push({ ...stopped, adaptive: true, status });
      });
      expect(judge(audit).defended).toBeUndefined();
    }
  });

  it("says so when pictures came back in spite of a defense, and when labels were known", () => {
    const audit = sampleAudit((changed) => {
      changed.cells = [{ ...changed.cells[0]!, defense: "top-k", defenseTitle: "Top-k" }];
      changed.cells[0]!.recipe.labels = "known";
    });
    expect(judge(audit).sentence).toMatch(/, even with Top-k on\.$/);
    expect(judge(audit).detail).toContain("knows the labels");
  });

  it("calls an audit resisted only when nothing in it is open", () => {
    expect(judge(only("resisted", "not-applicable"))).toMatchObject({
      tone: "resisted",
      sentence: "Nothing came back in what was tried.",
    });
    expect(judge(only("resisted", "unknown"))).toMatchObject({
      tone: "unknown",
      sentence: "Nothing came back so far, but 1 of 3 combinations stay unknown.",
    });
    expect(judge(only("resisted", "error")).tone).toBe("unknown");
    const stopped: AuditJson = { ...only("resisted"), interrupted: true };
    expect(judge(stopped)).toMatchObject({ tone: "unknown", sentence: expect.stringContaining("stopped early") });
  });

  it("shows no picture and gives the reasons when nothing was decided", () => {
    const verdict = judge(only("unknown", "error"));
    expect(verdict).toMatchObject({ tone: "unknown", exhibit: undefined });
    expect(verdict.detail).toBe(
      "The control failed: 21.3 dB, needed 28.0 dB. The runtime ran out of memory while it compiled the attack.",
    );
    expect(judge(only("not-applicable")).sentence).toBe("Unknown: no attack could be tried.");
    expect(judge(only())).toMatchObject({ tone: "unknown", detail: "" });
  });

  it("offers no advice that is about another adversary", () => {
    const audit = sampleAudit((changed) => {
      changed.findings = changed.findings.filter(({ threat }) => threat === "F");
    });
    expect(judge(audit).finding).toBeUndefined();
  });
});

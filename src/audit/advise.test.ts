import { describe, expect, it } from "vitest";
import { cellOf, receipt } from "../../test/audit-cases.js";
import { frameworks } from "../defenses/define.js";
import { advise, summarise } from "./advise.js";
import type { CellJson } from "./audit-json.js";
import { loadCatalogue } from "./catalogue.js";

const { defenses } = await loadCatalogue();
const [first, second] = [...defenses.keys()] as [string, string];
const titleOf = (id: string) => defenses.get(id)!.title;
const leak = (more: Partial<CellJson> = {}) => cellOf("leak", [45, 12], more);
const held = (more: Partial<CellJson> = {}) => cellOf("resisted", [14, 12], more);
const adviceOf = (...cells: CellJson[]) => advise(cells, defenses).find(({ severity }) => severity === "high")!.advice;

describe("advice", () => {
  it("names the defenses under which every attack that leaked was resisted, with their cost", () => {
    const { identity: _, ...cost } = receipt(false);
    const utility = { accuracyWith: null, accuracyWithout: null, ...cost };
    const advice = adviceOf(leak(), leak({ defense: first }), held({ defense: second, utility }));
    expect(advice).toContain(titleOf(second));
    expect(advice).toContain(defenses.get(second)!.advice);
    expect(advice).toMatch(/update changed by 50 %/);
    expect(advice).toMatch(/50 %|50 instead of 100/);
    expect(advice).not.toContain(titleOf(first));
  });

  it("tells what failed once per attack, with the best figure of all its attempts", () => {
    const told = advise([held({ defense: first, adaptive: true }), held({ defense: second })], defenses)[0]!;
    expect(told.title).toContain("2 attempts failed");
    expect(told.text.match(/ against /g)).toHaveLength(1);
    expect(told.text).toMatch(/ with and without knowing it \(at best 14\.0 dB\)\./);
  });

  it("does not ask to tune an attack whose case has not ended", () => {
    const told = advise([cellOf("unknown", [], { unfinished: true, reason: "under way" })], defenses);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      severity: "unknown",
      title: expect.stringContaining("1 cell(s) had not finished"),
    });
    expect(told[0]!.advice).toContain("--resume");
    expect(told[0]!.advice).not.toContain("Tune");
  });

  it("says what every framework has for a defense that it names, also that it has nothing", () => {
    const remediesOf = (id: string) => advise([leak(), held({ defense: id })], defenses)[0]!.remedies!;
    const [remedy, ...others] = remediesOf("secure-aggregation");
    expect(others).toEqual([]);
    expect(Object.keys(remedy!.inFrameworks)).toEqual([...frameworks]);
    expect(remedy!.inFrameworks.Flower).toContain("SecAggPlusWorkflow(");
    expect(remedy!.inFrameworks.PyTorch).toBe("no ready part");
    expect(new Set(Object.values(remediesOf("precode")[0]!.inFrameworks))).toEqual(new Set(["no ready part"]));
    expect(advise([leak(), leak({ defense: first })], defenses)[0]!.remedies).toBeUndefined();
  });

  it("never recommends a defense that leaks, even when nothing ran without one", () => {
    expect(adviceOf(leak({ defense: first }))).toMatch(/^None of the defenses tried/);
    expect(adviceOf(leak({ defense: first }), held({ defense: second }))).toContain(titleOf(second));
  });

  it("asks for all attacks that leaked, and takes unknown, error and not tried for no", () => {
    const other = { attack: "idlg" };
    const both = [leak(), leak(other), held({ defense: first })];
    expect(adviceOf(...both)).toMatch(/^None of/);
    for (const status of ["unknown", "error", "not-applicable"] as const) {
      expect(adviceOf(...both, cellOf(status, [14], { ...other, defense: first }))).toMatch(/^None of/);
    }
    expect(adviceOf(...both, held({ ...other, defense: first }))).toContain(titleOf(first));
  });

  it("takes the worst of a defense's cells: one of two option sets that leaks is one too many", () => {
    expect(adviceOf(leak(), held({ defense: first }), leak({ defense: first }))).toMatch(/^None of/);
  });

  it("names defenses to try where none was", () => {
    expect(adviceOf(leak())).toMatch(/No defense was tried/);
  });
});

describe("findings", () => {
  it("come by letter, the most severe first, and say what a guess reaches", () => {
    const cells = [
      held({ threat: "B" }),
      cellOf("unknown", [14], { threat: "B", attack: "idlg", reason: "a control did not run" }),
      leak({ threat: "A" }),
      cellOf("not-applicable", [], { threat: "A", attack: "idlg" }),
    ];
    const findings = advise(cells, defenses);
    expect(findings.map(({ severity, threat }) => severity + threat)).toEqual(["highA", "unknownB", "infoB"]);
    expect(findings[0]!.text).toContain("recovered 1 of 2 images, the best at 45.0 dB");
    expect(findings[0]!.text).toContain("a guess without the update reaches 11.0 dB");
    expect(findings[1]!.text).toContain("a control did not run");
    expect(findings[1]!.advice).toMatch(/^Unknown is not safe/);
    expect(findings[2]!.advice).toMatch(/no proof of safety/);
  });

  it("count errors among what could not be decided, and are silent about what does not apply", () => {
    const broken = cellOf("error", [], { reason: "out of memory" });
    expect(advise([broken], defenses)).toMatchObject([
      { severity: "unknown", text: expect.stringContaining("out of memory") },
    ]);
    expect(advise([cellOf("not-applicable", [])], defenses)).toEqual([]);
    expect(advise([], defenses)).toEqual([]);
  });
});

describe("the summary of a letter", () => {
  it("is 1 minus the identified share of its worst decided cell, with the counts of every status", () => {
    const cells = [
      held({ attack: "a" }),
      leak({ attack: "b" }),
      cellOf("unknown", [50, 50], { attack: "c" }),
      cellOf("error", [], { attack: "d" }),
      cellOf("not-applicable", [], { attack: "e" }),
      held({ threat: "B" }),
    ];
    const { A, B } = summarise(cells);
    expect(A).toMatchObject({ score: 0.5, worstCell: "A-b-none" });
    expect(A).toMatchObject({ leak: 1, resisted: 1, unknown: 1, notApplicable: 1, error: 1 });
    expect(B).toMatchObject({ score: 1, worstCell: "B-dlg-none", leak: 0, resisted: 1 });
  });

  it("is null, never good, where no cell is decided", () => {
    const cells = [cellOf("unknown", [14]), cellOf("error", []), cellOf("not-applicable", [])];
    expect(summarise(cells).A).toMatchObject({ score: null, worstCell: null });
  });
});

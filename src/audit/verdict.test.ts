import { describe, expect, it } from "vitest";
import { caseResult, control, receipt } from "../../test/audit-cases.js";
import type { ControlJson } from "./audit-json.js";
import { controlOf, judgeCell } from "./verdict.js";

const statuses = ["passed", "cached", "failed", "none"] as const satisfies readonly ControlJson["status"][];
const works = (status: ControlJson["status"]) => status === "passed" || status === "cached";

/** DESIGN.md sections 2 and 8, in one line each. */
function expected(leaked: boolean, identity: boolean, positive: string, own: string, exhausted: boolean): string {
  if (identity) return "error";
  if (leaked) return "leak";
  if (!works(positive as never) || !works(own as never) || exhausted) return "unknown";
  return "resisted";
}

describe("the status of a cell", () => {
  const combinations = [true, false].flatMap((leaked) =>
    [true, false].flatMap((identity) =>
      statuses.flatMap((positive) =>
        statuses.flatMap((own) => [true, false].map((exhausted) => ({ leaked, identity, positive, own, exhausted }))),
      ),
    ),
  );

  it.each(combinations)(
    "leaked $leaked, identity $identity, control $positive, own control $own, exhausted $exhausted",
    ({ leaked, identity, positive, own, exhausted }) => {
      const result = caseResult([leaked ? 42 : 14, 13], { exhausted, receipt: receipt(identity) });
      const verdict = judgeCell(result, "probe", control(positive), control(own));
      expect(verdict.status).toBe(expected(leaked, identity, positive, own, exhausted));
      if (verdict.status === "leak" || verdict.status === "resisted") expect(verdict.reason).toBeUndefined();
      else expect(verdict.reason).not.toBe("");
    },
  );

  it("gives the reason that weighs most", () => {
    const told = (positive: ControlJson["status"], own: ControlJson["status"], exhausted: boolean) =>
      judgeCell(caseResult([14], { exhausted }), null, control(positive), control(own)).reason;
    expect(told("failed", "failed", true)).toMatch(/lost the case that it must win: .*best image 12\.0 dB, bar 30 dB/);
    expect(told("passed", "failed", true)).toMatch(/^not tuned for this model: /);
    expect(told("none", "passed", true)).toBe("a control did not run");
    expect(told("passed", "cached", true)).toMatch(/time budget.*ran out.*budget\.seconds/);
    const off = judgeCell(caseResult([14], { receipt: receipt(true) }), "probe", control("passed"), control("passed"));
    expect(off.reason).toBe("defense probe returned its input unchanged: it is not on");
  });

  it("asks nothing of a receipt where no defense was on", () => {
    const result = caseResult([14], { receipt: null });
    expect(judgeCell(result, null, control("passed"), control("passed"))).toEqual({ status: "resisted" });
  });
});

describe("a control beside a cell", () => {
  const passes = () => true;
  const fails = () => false;

  it.each([
    [undefined, false, passes, { status: "none", measured: null, reason: "it did not run" }],
    [new Error("out of memory"), false, passes, { status: "failed", measured: null, reason: "out of memory" }],
    [caseResult([35, 51.25]), false, passes, { status: "passed", measured: 51.25 }],
    [caseResult([35]), true, passes, { status: "cached", measured: 35 }],
    [
      caseResult([12.34]),
      true,
      fails,
      { status: "failed", measured: 12.34, reason: "the case: best image 12.3 dB, bar 30 dB" },
    ],
    [
      caseResult([null]),
      false,
      fails,
      { status: "failed", measured: null, reason: "the case: nothing came back, bar 30 dB" },
    ],
  ])("%#", (result, cached, decide, told) => {
    expect(controlOf(result, cached, "the case", 30, decide)).toEqual({
      metric: "psnr",
      bar: 30,
      what: "the case",
      ...told,
    });
  });

  it("repeats what the attack noticed when there was nothing to invert", () => {
    const result = caseResult([9], {
      notes: ["batch 1: 1 start(s)", "batch 1: the update carries almost no gradient"],
    });
    expect(controlOf(result, false, "the case", 30, fails).reason).toMatch(
      /bar 30 dB \(batch 1: .*almost no gradient\)$/,
    );
  });
});

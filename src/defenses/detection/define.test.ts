import { describe, expect, it } from "vitest";
import { freshPayload } from "../../../test/small-round.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import { type Action, asDefense, defineDetector, inspectWith, type Reading, verdictOf } from "./define.js";

const payload = freshPayload(models.convnet!([1, 8, 8], 3), createRandom(1));
const common = { basis: "spec", falseAlarms: null } as const;

const detectorOf = (readings: Readonly<Record<string, readonly Reading[]>> | string, action: Action = "quarantine") =>
  defineDetector({
    ...{ id: "test", number: "D", title: "", summary: "", source: "", limits: "", action },
    criteria: {
      high: { score: "the height", flags: "above", threshold: 2, ...common },
      low: { score: "the depth", flags: "below", threshold: 1e-3, ...common },
    },
    measure: () => readings,
  });

const at = (score: number, where: string): Reading => ({ score, where });

describe("inspectWith", () => {
  it("reports the place nearest to its limit when nothing is beyond one", () => {
    const found = inspectWith(detectorOf({ high: [at(1, "a"), at(1.9, "b")], low: [at(5, "c")] }), payload);
    expect(found).toMatchObject({ criterion: "high", score: 1.9, threshold: 2, flagged: false });
    expect(found.report).toBe("the height is 1.9 at b, within the limit of 2");
    expect(found.readings.map(({ criterion, where }) => `${criterion} ${where}`)).toEqual(["high b", "low c"]);
  });

  it("flags what is beyond a limit, whichever side it bounds, and never what is on it", () => {
    const low = inspectWith(
      detectorOf({ high: [at(2, "a")], low: [at(1, "b"), { ...at(1e-5, "c"), detail: "odd" }] }),
      payload,
    );
    expect(low).toMatchObject({ criterion: "low", flagged: true, action: "quarantine" });
    expect(low.report).toBe("the depth is 0.00001 at c, below the limit of 0.001; odd");
    expect(inspectWith(detectorOf({ high: [at(2, "a")], low: [at(1e-3, "b")] }), payload).flagged).toBe(false);
  });

  it("keeps figures finite, passes over what could not be measured, and says when nothing was", () => {
    const infinite = inspectWith(
      detectorOf({ high: [at(Number.POSITIVE_INFINITY, "a"), at(Number.NaN, "b")] }),
      payload,
    );
    expect(infinite).toMatchObject({ score: 1e12, flagged: true });
    expect(inspectWith(detectorOf({ low: [at(Number.NEGATIVE_INFINITY, "a")] }), payload).score).toBe(-1e12);
    const nothing = { criterion: null, score: null, flagged: false, readings: [] };
    expect(inspectWith(detectorOf({ high: [at(Number.NaN, "b")] }), payload)).toMatchObject(nothing);
    expect(inspectWith(detectorOf("needs a batch"), payload)).toMatchObject({
      ...nothing,
      report: "skipped: needs a batch",
    });
  });
});

describe("a detector as a defense at hook C0", () => {
  const verdict = (action: Action, score: number) =>
    attach(asDefense(detectorOf({ high: [at(score, "a")] }, action)), {}).hooks.vetPayload!(payload, [], {} as never);

  it("takes its action on an alarm, and accepts otherwise; a warning stops no round", () => {
    expect(verdict("quarantine", 3)).toEqual({
      action: "quarantine",
      report: "the height is 3 at a, above the limit of 2",
    });
    expect(verdict("reject", 3).action).toBe("reject");
    expect(verdict("reject", 1).action).toBe("accept");
    expect(verdict("warn", 3).action).toBe("accept");
    expect(verdictOf(inspectWith(detectorOf("nothing"), payload)).action).toBe("accept");
  });
});

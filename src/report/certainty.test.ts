// Wilson's interval against values from the literature, and what a finding says of itself.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { howSure, wilsonInterval } from "./certainty.js";

describe("wilsonInterval", () => {
  it.each([
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [4, 4, 0.5101, 1],
  ])("%i of %i: %f to %f", (hits, n, low, high) => {
    const interval = wilsonInterval(hits, n);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it("knows nothing without pictures", () => expect(wilsonInterval(0, 0)).toEqual([0, 1]));
});

describe("howSure", () => {
  const { findings, cells } = sampleAudit();
  const about = (severity: string) => findings.find((finding) => finding.severity === severity)!;

  it("tells pictures, interval, seeds, control and floor of what leaked", () => {
    expect(howSure(about("high"), cells)).toEqual([
      "4 of 4 pictures, so between 51 % and 100 % of such pictures (95 % interval), with 1 seed.",
      "A case that the attack must win: passed: 47.3 dB, needed 40.0 dB.",
      "A guess made without the update: 20.6 dB.",
    ]);
  });

  it("claims nothing for what could not be judged, or is about the whole audit", () => {
    expect(howSure(about("unknown"), cells)).toEqual([]);
    expect(howSure(about("info"), cells)).toEqual([]);
  });
});

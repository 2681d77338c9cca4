// Figures as people read them: digits, units, and words where there is no figure.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import {
  formatBytes,
  formatControl,
  formatFigure,
  formatNumber,
  formatPerImage,
  formatSeconds,
  stars,
} from "./figures.js";

describe("formatting", () => {
  it.each([
    [0, "0"],
    [1, "1"],
    [2048, "2048"],
    [0.81234, "0.812"],
    [123.4, "123"],
    [0.001, "0.001"],
    [0.000077, "7.7·10⁻⁵"],
    [1e-7, "10⁻⁷"],
    [-2.5e9, "-2.5·10⁹"],
  ])("prints %d as %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("gives decibels a unit and never prints a number for an undefined figure", () => {
    expect(formatFigure("psnr", 31.25)).toBe("31.3 dB");
    expect(formatFigure("ssim/uniform7-sample", 0.5)).toBe("0.5");
    expect(formatFigure("psnr", null)).toBe("undefined");
    expect(formatPerImage("iip", 1)).toBe("hit");
    expect(formatPerImage("iip", 0)).toBe("miss");
    expect(formatPerImage("iip", null)).toBe("undefined");
    expect(formatPerImage("ssim", 1)).toBe("1");
  });

  it("takes names of Object.prototype for unknown metrics", () => {
    expect(formatFigure("constructor", 0.25)).toBe("0.25");
  });

  it("picks units of bytes and seconds", () => {
    expect([0, 999, 60_936, 4e9].map(formatBytes)).toEqual(["0 B", "999 B", "60.9 kB", "4 GB"]);
    expect([0.0021, 8.4, 148].map(formatSeconds)).toEqual(["2.1 ms", "8.4 s", "2 min 28 s"]);
    expect(formatSeconds(179.7)).toBe("3 min 0 s");
    expect(stars(2)).toBe("★★☆☆");
  });

  it("puts a control's figure beside its bar", () => {
    const { control } = sampleAudit().cells[0]!;
    expect(formatControl(control)).toBe("passed: 47.3 dB, needed 40.0 dB");
    expect(formatControl({ ...control, status: "none", measured: null, bar: null })).toBe("not run");
    expect(formatControl({ ...control, status: "failed", measured: null })).toBe("failed: undefined, needed 40.0 dB");
  });
});

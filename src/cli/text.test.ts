// Small parts of the command line: tables, option values, exit codes, error texts.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { CellStatus } from "../audit/audit-json.js";
import { ConfigError } from "./config-file.js";
import { errorText, exitCodeOf } from "./exit.js";
import { optionTable } from "./explain.js";
import { idWithOptions, numberList, pairs, sourceWithOptions, wholeNumber } from "./options.js";
import { duration, figure, table, wrap } from "./table.js";

describe("table", () => {
  it("aligns columns, colours not counted", () => {
    expect(table([["a", "bcd", "x"], ["\u001b[31mlong\u001b[39m", "e", "y"], ["z"]])).toBe(
      "a     bcd  x\n\u001b[31mlong\u001b[39m  e    y\nz",
    );
    expect(table([])).toBe("");
  });

  it("writes figures and durations for people", () => {
    expect([0, 1, 31.41592, 1234567, 0.00012, null].map(figure)).toEqual(["0", "1", "31.42", "1.2e+6", "1.2e-4", "–"]);
    expect([0, 59.4, 59.6, 125, 3725].map(duration)).toEqual(["0 s", "59 s", "1:00", "2:05", "1:02:05"]);
  });

  it("wraps at spaces", () => {
    expect(wrap("one two three four", 9, "  ")).toBe("one two\n  three\n  four");
  });
});

describe("option values", () => {
  it("reads lists, pairs and ids", () => {
    expect(numberList("0,1,5")).toEqual([0, 1, 5]);
    expect(pairs(["iterations=100", "tv=1e-4", "edges=normal", "flag=true"])).toEqual({
      ...{ iterations: 100, tv: 1e-4, edges: "normal", flag: true },
    });
    expect(idWithOptions("top-k:keep=0.01,scope=global")).toEqual({ id: "top-k", keep: 0.01, scope: "global" });
    expect(idWithOptions("none")).toEqual({ id: "none" });
    expect(sourceWithOptions("cifar10:./a:b.bin")).toEqual({ source: "cifar10", path: "./a:b.bin" });
    expect(sourceWithOptions("portraits:size=64")).toEqual({ source: "portraits", size: 64 });
    expect(sourceWithOptions("emoji")).toEqual({ source: "emoji" });
  });

  it.each([
    [() => wholeNumber(1)("0"), "at least 1"],
    [() => wholeNumber(0)("1.5"), "whole number"],
    [() => wholeNumber(0)(""), "whole number"],
    [() => numberList("1,,2"), "whole number"],
    [() => pairs(["keep"]), 'key=value, got "keep"'],
    [() => idWithOptions("top-k:0.1"), 'key=value, got "0.1"'],
  ])("refuses what it cannot read", (read, message) => {
    expect(read).toThrow(message);
  });
});

describe("exitCodeOf", () => {
  const audit = (interrupted: boolean, ...statuses: CellStatus[]) => ({
    interrupted,
    cells: statuses.map((status) => ({ status }) as never),
    assertions: [],
  });
  const demanded = (level: string, outcome: string, ...statuses: CellStatus[]) => ({
    ...audit(false, ...statuses),
    assertions: [{ level, outcome } as never],
  });

  it("takes a leak for a result, and unknown for no pass", () => {
    expect(exitCodeOf(audit(false, "leak", "resisted", "not-applicable"))).toBe(0);
    expect(exitCodeOf(audit(false, "leak", "unknown"))).toBe(2);
    expect(exitCodeOf(audit(false, "error", "unknown"))).toBe(1);
    expect(exitCodeOf(audit(true, "error", "unknown"))).toBe(130);
  });

  it("tells failed assertions of level error, unless the tool itself failed", () => {
    expect(exitCodeOf(demanded("error", "failed", "leak", "unknown"))).toBe(100);
    expect(exitCodeOf(demanded("warn", "failed", "leak"))).toBe(0);
    expect(exitCodeOf(demanded("error", "passed", "resisted"))).toBe(0);
    expect(exitCodeOf(demanded("error", "undecided", "not-applicable"))).toBe(2);
    expect(exitCodeOf(demanded("error", "failed", "error"))).toBe(1);
  });
});

describe("errorText", () => {
  it("shows no stack, unless asked for", () => {
    expect(errorText(new RangeError("record 9 is outside"), {})).toBe("leakscope: record 9 is outside");
    expect(errorText(new ConfigError("a.yaml:1:1: seed: x\na.yaml:2:1: y"), {})).toBe(
      "a.yaml:1:1: seed: x\na.yaml:2:1: y",
    );
    expect(errorText(new Error("odd"), {})).toContain("LEAKSCOPE_DEBUG=1");
    expect(errorText(new Error("odd"), { LEAKSCOPE_DEBUG: "1" })).toContain("text.test.ts");
    expect(errorText("thrown text", {})).toContain("leakscope: thrown text");
  });
});

describe("optionTable", () => {
  it("tells type, range, default and meaning of every option", () => {
    const schema = z.object({
      iterations: z.int().min(1).default(300).describe("optimiser calls"),
      keep: z.number().gt(0).max(1).default(0.01),
      edges: z.enum(["normal", "empirical"]).default("normal"),
      path: z.string().describe("the file"),
      labels: z.union([z.string(), z.array(z.string())]).optional(),
    });
    expect(optionTable(schema).split("\n")).toEqual([
      "iterations  integer ≥ 1         default 300       optimiser calls",
      "keep        number > 0 ≤ 1      default 0.01",
      'edges       normal | empirical  default "normal"',
      "path        string              required          the file",
      "labels      string or array",
    ]);
  });
});

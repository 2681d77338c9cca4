import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest, suggestion } from "./nearest.js";

const attacks = ["dlg", "idlg", "inverting-gradients", "robbing-the-fed", "gias"];

describe("nearest", () => {
  it.each([
    ["dgl", "dlg"],
    ["DLG", "dlg"],
    ["iDLG", "idlg"],
    ["inverting", "inverting-gradients"],
    ["inverting-gradient", "inverting-gradients"],
    ["robing-the-fed", "robbing-the-fed"],
    ["batchsize", "batchSize"],
  ])("takes %s for %s", (word, expected) => {
    expect(nearest(word, [...attacks, "batchSize"])).toBe(expected);
  });

  it("suggests nothing for a word that is close to none", () => {
    expect(nearest("zzzz", attacks)).toBeUndefined();
    expect(nearest("dlg", [])).toBeUndefined();
    expect(nearest("", attacks)).toBeUndefined();
  });

  it("finds every valid word itself", () => {
    for (const word of attacks) expect(nearest(word, attacks)).toBe(word);
  });

  it("suggests valid words only", () => {
    fc.assert(
      fc.property(fc.string(), (word) => {
        expect([undefined, ...attacks]).toContain(nearest(word, attacks));
      }),
    );
  });
});

describe("suggestion", () => {
  it("lists all words when none is near", () => {
    expect(suggestion("dgl", attacks)).toBe('did you mean "dlg"?');
    expect(suggestion("zzzz", ["dlg", "idlg"])).toBe("valid are: dlg, idlg");
  });
});

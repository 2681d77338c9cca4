// What becomes of a proof whose cases held, missed, failed or ran out of time.
import { describe, expect, it } from "vitest";
import type { Bar } from "../attacks/define.js";
import type { CaseResult } from "../audit/case.js";
import { loadCatalogue } from "../audit/catalogue.js";
import type { Outcome } from "../audit/cell.js";
import { type AnyProof, proofCases } from "../audit/proof.js";
import { exitCodeOf, judge, judgementsAsJson } from "./judge.js";

const catalogue = await loadCatalogue();
const attack = catalogue.attacks.get("grnn")!;
const bar: Bar = { arm: "attack", metric: "psnr", over: "median", op: ">=", value: 20, evidence: "estimated" };
const proof: AnyProof = { ...attack.proofs[0]!, seeds: 3, arms: { attack: {} }, bars: [bar] };

const resultOf = (psnr: number, more: Partial<CaseResult> = {}) =>
  ({
    scores: { psnr: { perImage: [psnr] } },
    floor: { psnr: { perImage: [9] } },
    labels: null,
    seconds: 2,
    exhausted: false,
    notes: ["no null vector within 9 draws"],
    ...more,
  }) as unknown as CaseResult;

async function judged(results: readonly (CaseResult | Error)[], bars: readonly Bar[] = [bar]) {
  const stated = { ...proof, bars };
  const cases = await proofCases(attack, stated, catalogue, { backend: "node-cpu", code: "" });
  const outcomes = new Map(
    cases.map((each, i): [string, Outcome] => [each.case.key, { result: results[i]!, cached: false }]),
  );
  return judge({ attack, proof: stated, data: "photos", cases }, outcomes, catalogue);
}

describe("a proof", () => {
  it("is judged bar by bar, over all seeds, with each seed's figure and the floor", async () => {
    const strict = { ...bar, value: 31 };
    const all = await judged([resultOf(10), resultOf(25), resultOf(30)], [bar, strict]);
    expect(all).toMatchObject([
      { verdict: "held", measured: 25, perSeed: [10, 25, 30], floor: 9, seeds: 3, seconds: 6, missing: 0 },
      { verdict: "missed", measured: 25 },
    ]);
    expect(exitCodeOf(all)).toBe(100);
    expect(exitCodeOf(all.slice(0, 1))).toBe(0);
  });

  it("may have a bar that is known to fail, and says when it does not", async () => {
    const known = { ...bar, fails: { measured: "12 dB", why: "the paper trains longer" } };
    const failing = await judged([resultOf(10), resultOf(12), resultOf(14)], [known]);
    expect(failing).toMatchObject([{ verdict: "known failure", why: "the paper trains longer" }]);
    const holding = await judged([resultOf(20), resultOf(22), resultOf(24)], [known]);
    expect(holding).toMatchObject([{ verdict: "held, though known to fail" }]);
    expect(holding[0]).not.toHaveProperty("why");
    expect([exitCodeOf(failing), exitCodeOf(holding)]).toEqual([0, 0]);
  });

  it("is undecided when a case failed or ran out of time, be the others as good as they like", async () => {
    const failed = await judged([resultOf(50), new RangeError("record 200 of 196"), resultOf(50, { exhausted: true })]);
    expect(failed).toMatchObject([{ verdict: "error", measured: null, why: "arm attack, seed 2: record 200 of 196" }]);
    const late = await judged([resultOf(50), resultOf(50), resultOf(50, { exhausted: true })]);
    expect(late).toMatchObject([
      { verdict: "unknown", measured: null, why: expect.stringMatching(/seed 3: ran out of a limit.*9 draws/) },
    ]);
    expect([exitCodeOf(failed), exitCodeOf(late)]).toEqual([1, 2]);
  });

  it("is told to programs by attack, with the figures of every seed", async () => {
    const held = await judged([resultOf(20), resultOf(22), resultOf(24)]);
    const late = await judged([resultOf(50), resultOf(50), resultOf(50, { exhausted: true })]);
    expect(judgementsAsJson([...held, ...late])).toMatchObject([
      {
        id: "grnn",
        evidence: "estimated",
        cases: [
          {
            name: "lenet: psnr of attack, median: >= 20",
            metric: "psnr",
            bar: { op: ">=", value: 20 },
            measured: [20, 22, 24],
            overall: 22,
            held: true,
            seconds: 6,
          },
          { held: null, measured: [] },
        ],
      },
    ]);
  });
});

// Which rows of earlier runs stay in a file of evidence.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadCatalogue } from "../audit/catalogue.js";
import { checkEvidence, writeEvidence } from "./evidence.js";
import type { Judgement } from "./judge.js";

const folder = mkdtempSync(join(tmpdir(), "leakscope-evidence-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "evidence.json");
const catalogue = await loadCatalogue();
const attack = catalogue.attacks.get("grnn")!;
const proof = attack.proofs[0]!;

const judgement = (more: Partial<Judgement>): Judgement => ({
  ...{ attack, proof, bar: proof.bars[0]!, data: "photos", measured: 27.123456, perSeed: [20, 30], floor: 11 },
  ...{ missing: 0, verdict: "held", seeds: 2, seconds: 3.4, ...more },
});
const rows = () => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[];
const page = () => readFileSync(join(folder, "EVIDENCE.md"), "utf8");

it("keeps other data and other attacks, and replaces what the same proof measured on the same data", async () => {
  const dlg = catalogue.attacks.get("dlg")!;
  await writeEvidence(
    file,
    [judgement({}), judgement({ attack: dlg, proof: dlg.proofs[0]!, bar: dlg.proofs[0]!.bars[0]! })],
    catalogue,
  );
  await writeEvidence(file, [judgement({ data: "cifar10", verdict: "missed" })], catalogue);
  await writeEvidence(file, [judgement({ measured: 12, verdict: "known failure", why: "weak | slow" })], catalogue);
  expect(rows().map(({ attack: id, data, measured, verdict }) => [id, data, measured, verdict])).toEqual([
    ["dlg", "photos", 27.12, "held"],
    ["grnn", "cifar10", 27.12, "missed"],
    ["grnn", "photos", 12, "known failure"],
  ]);
  expect(page()).toContain("Of 3 bars, 1 hold, 1 are known to fail, 1 are missed.");
  expect(page()).toMatch(
    /\| lenet \| psnr of attack, median: >= 25 \| estimated \| 12 \(11\) \| 20 30 \| known failure \|/,
  );
  expect(page()).toContain("- lenet is known to fail: weak | slow");
});

it("drops rows of bars that are stated no more, and takes none that was not decided", async () => {
  const changed = { ...proof.bars[0]!, value: 3 };
  await writeEvidence(file, [judgement({ data: "emoji", bar: changed })], catalogue);
  expect(rows()).toHaveLength(4);
  await writeEvidence(file, [judgement({ data: "portraits", measured: null, verdict: "error" })], catalogue);
  expect(rows().map(({ data }) => data)).not.toContain("emoji");
  expect(rows()).toHaveLength(3);
});

it("refuses files that hold something else, before anything runs", async () => {
  const other = join(folder, "other.json");
  writeFileSync(other, '{"name": "x"}');
  await expect(checkEvidence(other)).rejects.toThrow("holds something other than evidence");
  await expect(checkEvidence(join(folder, "x.txt"))).rejects.toThrow("takes a .json file");
  await expect(checkEvidence(join(folder, "none", "x.json"))).rejects.toThrow("there is no folder");
  await expect(checkEvidence(file)).resolves.toBeUndefined();
});

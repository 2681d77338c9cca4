// The built `leakscope reproduce` on a proof that takes seconds.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "leakscope-reproduce-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const leakscope = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { cwd: folder }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

describe("leakscope reproduce", () => {
  it("says bar, measured value, mark and seconds, keeps the evidence, and is quick the second time", async () => {
    const first = await leakscope("reproduce", "robbing-the-fed", "--evidence", "evidence.json");
    expect(first.code).toBe(0);
    expect(first.out).toMatch(
      /robbing-the-fed +imprint +psnr of attack, 85 % of images: >= 60 +\d[\d.]* \(\d[\d.]*\) +\[derived\] +held +5 seeds/,
    );
    const [row] = JSON.parse(readFileSync(join(folder, "evidence.json"), "utf8"));
    expect(row).toMatchObject({ attack: "robbing-the-fed", verdict: "held", seeds: 5, data: "portraits" });
    expect(row.measured).toBeGreaterThan(60);
    expect(row.perSeed).toHaveLength(5);
    expect(row.floor).toBeLessThan(30);
    expect(readFileSync(join(folder, "EVIDENCE.md"), "utf8")).toContain("## robbing-the-fed\n\n| proof | bar |");
    expect(existsSync(join(folder, "leakscope-proofs"))).toBe(true);

    const second = await leakscope("reproduce", "robbing-the-fed", "--json", "--data", "portraits");
    const { id, evidence, cases } = JSON.parse(second.out);
    expect([id, evidence, cases.length]).toEqual(["robbing-the-fed", "derived", 1]);
    expect(cases[0]).toMatchObject({ metric: "psnr", bar: { op: ">=", value: 60 }, held: true });
    expect(cases[0].overall).toBeCloseTo(row.measured, 1);
    expect(cases[0].measured).toHaveLength(5);
    expect(second.err).not.toContain("started");
  }, 60_000);

  it("exits 100 where a bar is missed", async () => {
    // Patches of dark sky are almost equally bright: few are alone in a bin.
    const { code, out } = await leakscope("reproduce", "robbing-the-fed", "--data", "photos", "--seeds", "1");
    expect([code, out.includes("MISSED")]).toEqual([100, true]);
  }, 60_000);

  it("names what is wrong", async () => {
    expect(await leakscope("reproduce", "robbing-the-fd")).toMatchObject({
      code: 1,
      err: expect.stringContaining("robbing-the-fed"),
    });
    expect((await leakscope("reproduce", "dlg")).err).toContain("no proof is a quick one; `--all` runs 1");
    expect((await leakscope("reproduce", "robbing-the-fed", "--data", "nowhere")).err).toContain(
      'unknown data source "nowhere"',
    );
    expect((await leakscope("reproduce", "robbing-the-fed", "--evidence", "x.txt")).err).toContain(
      "takes a .json file",
    );
    expect((await leakscope("reproduce", "--help")).out).toContain("Examples:\n  leakscope reproduce");
  }, 60_000);
});

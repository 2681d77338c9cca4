// The native runtime as a process sees it: no warnings (one can mean a lost fast path), no memory kept by programs that are gone.
import { describe, expect, it } from "vitest";
import { runTranspiled } from "../../test/transpiled.js";

interface Memory {
  readonly before: number;
  readonly after: number;
  readonly peak: number;
  readonly perProgram: number;
}

describe("matching steps of lenet and mlp, compiled, run and disposed of 200 times in both precisions", () => {
  it("write nothing to standard error and give their memory back", { timeout: 90_000 }, () => {
    const child = runTranspiled("test/runtime-child.ts", {
      layers: ["src/engine", "src/math", "src/models"],
      nodeOptions: ["--expose-gc"],
      // Keeps glibc from raising the size above which blocks go back to the system at once; else fragments look like a leak.
      env: { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" },
    });
    expect(child.stderr).toBe("");
    const { before, after, peak, perProgram } = JSON.parse(child.stdout) as Memory;
    // Half of the programs hold the 3 or 6 MB of weights of mlp. Measured: -15 MB
    // alone and up to +42 on a busy machine; with one copy kept per cycle +485, with sessions kept +1,840.
    expect(after - before).toBeLessThan(100);
    // What waits for the collector, which runs late on a busy machine: measured 322, in CI 486. With sessions kept: +1,840.
    expect(peak).toBeLessThan(1_000);
    expect(perProgram).toBeLessThan(1);
  });
});

import { defineConfig } from "vitest/config";

const tests = ["src/**/*.test.ts", "test/**/*.test.ts"];
/** Those that put a stand-in in a module's place, or load drivers into the process. */
const alone = [
  "src/audit/evaluate.test.ts",
  "src/jobs/worker.test.ts",
  "src/engine/backends/node-gpu.test.ts",
  "src/engine/backends/node-devices.test.ts",
];

// All other files share two processes: loading the runtime and the sources anew for each of 200 took longer than the tests.
export default defineConfig({
  test: {
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "shared", include: tests, exclude: alone, isolate: false } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
  },
});

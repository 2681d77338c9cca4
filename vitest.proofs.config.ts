// Long proofs on real pictures, apart from the tests: `npm run proofs`. Two files side by side, each on one thread.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/proofs/**/*.proof.ts"],
    testTimeout: 3_600_000,
    pool: "forks",
    maxWorkers: 2,
  },
});

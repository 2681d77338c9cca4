import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { testBackend } from "../../../test/backend-suite.js";
import { compile } from "../compile.js";
import { createGraph } from "../graph.js";
import { conv } from "../ops/convolution.js";
import { square } from "../ops/elementwise.js";
import { squareWindow } from "../ops/window.js";
import { type Backend, BackendError } from "./backend.js";
import { nodeCpu } from "./node-cpu.js";

function convolution() {
  const graph = createGraph();
  return conv(graph.input("x", [1, 1, 4, 4]), graph.input("w", [1, 1, 3, 3]), squareWindow({}));
}

testBackend(nodeCpu({ threads: 2 }), { missing: { dtype: "float64", operator: "Conv", build: convolution } });

describe("nodeCpu", () => {
  const tasks = "/proc/self/task";
  it.skipIf(!existsSync(tasks))(
    "opens no thread of its own with threads: 1, and one more with each further",
    async () => {
      const graph = createGraph();
      const openedBy = async (threads: number) => {
        const before = readdirSync(tasks).length;
        const program = await compile(
          { y: square(graph.input("x", [1])) },
          { backend: nodeCpu({ threads }), dtype: "float32" },
        );
        const opened = readdirSync(tasks).length - before;
        await program.dispose();
        return opened;
      };
      // The first session also starts what the process keeps.
      await openedBy(1);
      expect([await openedBy(1), await openedBy(2), await openedBy(3)]).toEqual([0, 1, 2]);
    },
  );

  it("is asked only for precisions that it has", async () => {
    const half: Backend = { ...nodeCpu(), name: "half", dtypes: ["float32"] };
    const y = square(createGraph().input("x", [1]));
    await expect(compile({ y }, { backend: half, dtype: "float64" })).rejects.toThrow(
      new BackendError("half computes in float32, asked for float64"),
    );
  });
});

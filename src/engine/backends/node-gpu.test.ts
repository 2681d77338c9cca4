import { expect, it } from "vitest";
import { skipBackend, testBackend } from "../../../test/backend-suite.js";
import { gpus } from "../../../test/gpu.js";
import { compile } from "../compile.js";
import { createGraph } from "../graph.js";
import { erf } from "../ops/activation.js";
import { add, square } from "../ops/elementwise.js";
import { BackendError } from "./backend.js";
import { firstUnsupported } from "./first-unsupported.js";
import { nodeCpu } from "./node-cpu.js";

for (const { backend, reason } of gpus) {
  if (reason === null) testBackend(backend);
  else skipBackend(backend.name, reason);
}

it("a GPU backend computes in float32 alone, and says so", async () => {
  const y = square(createGraph().input("x", [1]));
  for (const { backend } of gpus) {
    await expect(compile({ y }, { backend, dtype: "float64" })).rejects.toThrow(BackendError);
  }
});

it("the node without a kernel is found by trying beginnings of the model", async () => {
  const x = createGraph().input("x", [4]);
  let bytes = new Uint8Array();
  const cpu = nodeCpu();
  const keep = {
    ...cpu,
    load(model: Uint8Array) {
      bytes = model.slice();
      return cpu.load(model, "float32");
    },
  };
  const program = await compile({ y: add(square(erf(square(x))), 1) }, { backend: keep, dtype: "float32" });
  await program.dispose();
  let tried = 0;
  const lacks = (operator: string) => async (part: Uint8Array) => {
    tried++;
    await (await cpu.load(part, "float32")).dispose();
    return !Buffer.from(part).includes(operator);
  };
  expect(await firstUnsupported(bytes, lacks("Erf"))).toMatchObject({ opType: "Erf" });
  expect(tried).toBeLessThan(6);
  expect(await firstUnsupported(bytes, lacks("Conv"))).toBeNull();
});

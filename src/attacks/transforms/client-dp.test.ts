// The imitation of differential privacy at the client equals what the defense sends of one sample, without its noise.
import { expect, it } from "vitest";
import { attach } from "../../defenses/define.js";
import clientDp from "../../defenses/update/client-dp.js";
import { nodeCpu } from "../../engine/backends/node-cpu.js";
import { compile, createGraph } from "../../engine/index.js";
import type { BackwardContext, Update } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { imitate } from "./define.js";

const sizes = { a: 30, b: 7 } as const;
const names = Object.keys(sizes) as (keyof typeof sizes)[];

function gradientOf(seed: number): Update {
  const random = createRandom(seed);
  return new Map(
    names.map((name) => {
      const data = new Float64Array(sizes[name]);
      random.fillNormal(data, 0, name === "a" ? 1 : 0.01);
      return [name, tensor([sizes[name]], data)];
    }),
  );
}

it.each([
  ["flat", 0.5],
  ["layer", 0.5],
  ["layer", 0.005],
  ["flat", 100],
])("clips %s to %d as the defense does", async (clipping, clip) => {
  const options = clientDp.options.parse({ clipping, clip, noiseMultiplier: 0 });
  const raw = gradientOf(3);
  const context = { perSample: [raw], memory: new Map(), random: createRandom(1) } as Partial<BackwardContext>;
  const sent = attach(clientDp, options).hooks.insideBackward!(raw, context as BackwardContext);
  const graph = createGraph();
  const inputs = names.map((name) => graph.input(name, [sizes[name]]));
  const { gradients } = imitate({ id: "client-dp", options }, inputs, inputs, names);
  const outputs = Object.fromEntries(names.map((name, i) => [`${name}-clipped`, gradients[i]!]));
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
  const out = await program.run(Object.fromEntries(names.map((name) => [name, raw.get(name)!.data])));
  await program.dispose();
  for (const name of names) {
    out[`${name}-clipped`]!.forEach((value, i) => {
      expect(value).toBeCloseTo(sent.get(name)!.data[i]!, 12);
    });
  }
});

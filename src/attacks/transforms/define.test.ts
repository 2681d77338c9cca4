// Imitations equal what the real defenses do to the same gradient, and their derivatives are right.
import { describe, expect, it } from "vitest";
import gaussianNoise from "../../defenses/update/gaussian-noise.js";
import topK from "../../defenses/update/top-k.js";
import { nodeCpu } from "../../engine/backends/node-cpu.js";
import { compile, createGraph, grad, mul, sum } from "../../engine/index.js";
import type { ClientContext, Update } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { imitate, imitated } from "./define.js";

const size = 40;
const values = (seed: number) => {
  const data = new Float64Array(size);
  createRandom(seed).fillNormal(data, 0, 1);
  return data;
};

/** Value of the imitation, and its vector-Jacobian product with `cotangent`. */
async function evaluate(
  id: string,
  options: Record<string, unknown>,
  gradient: Float64Array,
  sent: Float64Array,
  cotangent: Float64Array,
) {
  const graph = createGraph();
  const [g, s, v] = ["g", "s", "v"].map((name) => graph.input(name, [size])) as [
    ReturnType<typeof graph.input>,
    ReturnType<typeof graph.input>,
    ReturnType<typeof graph.input>,
  ];
  const [value] = imitate({ id, options }, [g], [s]);
  const [derivative] = grad(sum(mul(v, value!)), [g]);
  const program = await compile(
    { value: value!, derivative: derivative! },
    { backend: nodeCpu({ threads: 1 }), dtype: "float64" },
  );
  const out = await program.run({ g: gradient, s: sent, v: cotangent });
  await program.dispose();
  return out;
}

const context = { random: createRandom(1) } as ClientContext;
const asUpdate = (data: Float64Array): Update => new Map([["w", tensor([size], data)]]);

describe("imitations", () => {
  it("top-k: gives what the defense sends, and lets derivatives through the sent entries only", async () => {
    const gradient = values(1);
    const options = { keep: 0.2, scope: "tensor" };
    const message = { client: 0, update: asUpdate(gradient), bytes: 0 };
    const sent = topK.hooks(options).beforeUpload!(message, context).update.get("w")!.data as Float64Array;
    const out = await evaluate("top-k", options, gradient, sent, values(2));
    out.value.forEach((value, i) => {
      expect(value).toBeCloseTo(sent[i]!, 15);
    });
    out.derivative.forEach((value, i) => {
      expect(value).toBeCloseTo(sent[i] === 0 ? 0 : values(2)[i]!, 15);
    });
  });

  for (const clip of [0.5, 100]) {
    it(`gaussian-noise: clips to ${clip} as the defense does without its noise`, async () => {
      const gradient = values(3);
      const options = { clip, sigma: 0 };
      const sent = gaussianNoise.hooks(options).afterLocalTraining!(asUpdate(gradient), context).get("w")!
        .data as Float64Array;
      const cotangent = values(4);
      const out = await evaluate("gaussian-noise", options, gradient, sent, cotangent);
      out.value.forEach((value, i) => {
        expect(value).toBeCloseTo(sent[i]!, 12);
      });
      const inner = async (shift: number) => {
        const moved = gradient.map((value, i) => value + (i === 7 ? shift : 0));
        const { value } = await evaluate("gaussian-noise", options, moved, sent, cotangent);
        return cotangent.reduce((total, v, i) => total + v * value[i]!, 0);
      };
      const numeric = ((await inner(1e-5)) - (await inner(-1e-5))) / 2e-5;
      expect(out.derivative[7]).toBeCloseTo(numeric, 6);
    });
  }

  it("names what it can imitate when asked for something else", () => {
    expect(imitated).toEqual(["gaussian-noise", "top-k"]);
    expect(() => imitate({ id: "soteria", options: {} }, [], [])).toThrow(
      /no imitation of defense "soteria".*gaussian-noise, top-k/,
    );
  });
});

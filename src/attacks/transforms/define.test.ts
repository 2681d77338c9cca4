// Imitations equal what the real defenses do to the same gradient, and their derivatives are right.
import { describe, expect, it } from "vitest";
import gaussianNoise from "../../defenses/update/gaussian-noise.js";
import quantization from "../../defenses/update/quantization.js";
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
  const { gradients } = imitate({ id, options }, [g], [s], ["w"]);
  const [value] = gradients;
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

  for (const options of [
    { method: "stochastic", levels: 16, norm: "max" },
    { method: "stochastic", levels: 8, norm: "l2" },
    { method: "uniform", levels: 4, norm: "max" },
    { method: "sign", levels: 16, norm: "max" },
    { method: "float16", levels: 16, norm: "max" },
    { method: "bfloat16", levels: 16, norm: "max" },
  ]) {
    it(`quantization ${options.method}, ${options.norm}: is at no distance from what the defense sends, and slopes outside`, async () => {
      const gradient = values(5);
      const hooks = quantization.hooks(options);
      const message = { client: 0, update: asUpdate(gradient), bytes: 4 * size };
      const sent = hooks.beforeUpload!(message, { random: createRandom(2) } as ClientContext).update.get("w")!
        .data as Float64Array;
      expect(sent).not.toEqual(gradient);
      const out = await evaluate("quantization", options, gradient, sent, values(6));
      out.value.forEach((value, i) => {
        expect(value).toBeCloseTo(sent[i]!, 12);
      });
      // Far off, and on the wrong side of 0.
      const moved = gradient.map((value) => -3 * value);
      const cotangent = values(7);
      const far = await evaluate("quantization", options, moved, sent, cotangent);
      const distance = (value: Float64Array) => value.reduce((sum, v, i) => sum + (v - sent[i]!) ** 2, 0);
      expect(distance(far.value as Float64Array)).toBeGreaterThan(1);
      const inner = async (shift: number) => {
        const nudged = moved.map((value, i) => value + (i === 7 ? shift : 0));
        const { value } = await evaluate("quantization", options, nudged, sent, cotangent);
        return cotangent.reduce((total, v, i) => total + v * value[i]!, 0);
      };
      const numeric = ((await inner(1e-5)) - (await inner(-1e-5))) / 2e-5;
      // The scale by a candidate's own norm is held while the slope is taken.
      if (options.norm === "max") expect(far.derivative[7]).toBeCloseTo(numeric, 5);
    });
  }

  it("precode: compares what lies before the bottleneck", () => {
    const graph = createGraph();
    const names = ["a.weight", "a.bias", "precode.enc.weight", "fc.weight"];
    const nodes = (prefix: string) => names.map((name) => graph.input(`${prefix}${name}`, [2, 3]));
    const [gradients, sent] = [nodes("g:"), nodes("s:")];
    const without = imitate({ id: "precode", options: {} }, gradients, sent, names);
    for (const side of [without.gradients, without.sent]) {
      expect(side.map(({ op }) => op)).toEqual(["input", "input", "broadcast", "broadcast"]);
      expect(side.map(({ shape }) => shape)).toEqual(names.map(() => [2, 3]));
    }
    const unchanged = imitate(
      { id: "precode", options: {} },
      gradients.slice(0, 2),
      sent.slice(0, 2),
      names.slice(0, 2),
    );
    expect(unchanged.gradients).toEqual(gradients.slice(0, 2));
  });

  it("soteria: lets derivatives through the columns that were sent only", async () => {
    const graph = createGraph();
    const [g, s, bias] = [graph.input("g", [2, 3]), graph.input("s", [2, 3]), graph.input("b", [2])];
    const { gradients } = imitate({ id: "soteria", options: {} }, [g, bias], [s, bias], ["w", "b"]);
    expect(gradients[1]).toBe(bias);
    const [slope] = grad(sum(gradients[0]!), [g]);
    const program = await compile(
      { value: gradients[0]!, slope: slope! },
      { backend: nodeCpu({ threads: 1 }), dtype: "float64" },
    );
    const out = await program.run({ g: Float64Array.of(1, 2, 3, 4, 5, 6), s: Float64Array.of(7, 0, 0, 0, 0, -7) });
    expect([...out.value]).toEqual([1, 0, 3, 4, 0, 6]);
    expect([...out.slope]).toEqual([1, 0, 1, 1, 0, 1]);
    await program.dispose();
  });

  it("names what it can imitate when asked for something else", () => {
    expect(imitated).toEqual(["client-dp", "gaussian-noise", "precode", "quantization", "soteria", "top-k"]);
    expect(() => imitate({ id: "padding", options: {} }, [], [], [])).toThrow(
      /no imitation of defense "padding".*gaussian-noise, precode, quantization, soteria, top-k/,
    );
  });
});

import { describe, expect, it } from "vitest";
import type { Update } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { type InspectionContext, inspectWith } from "./define.js";
import { detector } from "./self-inversion.js";

const ROWS = 512;
const INPUTS = 64;
const payload = { model: {} as never, weights: new Map() };

/** Gradients of a random ReLU layer, one per sample: rows whose unit is off get none. */
function reluLayer(samples: number, bias: number) {
  const random = createRandom(samples);
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal());
  const weight = draw(ROWS * INPUTS);
  const inputs = Array.from({ length: samples }, () => draw(INPUTS));
  const active = inputs.map((x) =>
    Array.from({ length: ROWS }, (_, row) => x.reduce((sum, v, i) => sum + v * weight[row * INPUTS + i]!, bias) > 0),
  );
  const perSample = inputs.map((x, sample): Update => {
    const deltas = Float64Array.from(active[sample]!, (on) => (on ? random.normal() : 0));
    const rows = Float64Array.from(
      { length: ROWS * INPUTS },
      (_, i) => deltas[Math.floor(i / INPUTS)]! * x[i % INPUTS]!,
    );
    return new Map([
      ["fc.weight", tensor([ROWS, INPUTS], rows)],
      ["fc.bias", tensor([ROWS], deltas)],
    ]);
  });
  return { inputs, active, perSample };
}

const look = (perSample: readonly Update[], fresh: readonly Update[] = []) =>
  inspectWith(detector, payload, { local: { perSample, fresh } as unknown as InspectionContext["local"] & object });

const cosine = (a: readonly number[], b: ArrayLike<number>) => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe("self-inversion", () => {
  it.each([
    { samples: 32, bias: 0 },
    { samples: 8, bias: -8 },
    { samples: 32, bias: -18 },
  ])("counts what a server would get from $samples samples at bias $bias", ({ samples, bias }) => {
    const { inputs, active, perSample } = reluLayer(samples, bias);
    const alone = Array.from({ length: ROWS }, (_, row) => active.filter((on) => on[row]).length === 1);
    let leaking = 0;
    for (let row = 0; row < ROWS; row++) {
      const summed = (name: string, i: number) =>
        perSample.reduce((sum, update) => sum + update.get(name)!.data[i]!, 0);
      const total = summed("fc.bias", row);
      if (total === 0) continue;
      const quotient = Array.from({ length: INPUTS }, (_, i) => summed("fc.weight", row * INPUTS + i) / total);
      if (inputs.some((x) => cosine(quotient, x) > 0.999)) leaking++;
    }
    const found = look(perSample);
    expect(found.readings[0]!.score).toBeCloseTo(leaking / ROWS, 12);
    expect(leaking).toBeGreaterThanOrEqual(alone.filter(Boolean).length);
    expect(found.report).toContain(`${alone.filter(Boolean).length} of 512 rows hold a single sample`);
    expect(found.flagged).toBe(leaking > 0.01 * ROWS);
  });

  it("finds every active row of a single sample, and compares with fresh weights", () => {
    const { perSample } = reluLayer(1, 0);
    const found = look(perSample, reluLayer(32, 0).perSample);
    expect(found.flagged).toBe(true);
    expect(found.score).toBeGreaterThan(0.3);
    expect(found.report).toMatch(/of fresh weights 0(\.\d+)? % of the rows leak$/);
  });

  it("leaves layers alone that read several tokens per sample, or have no bias", () => {
    const { perSample } = reluLayer(4, 0);
    const [a, b] = perSample as [Update, Update];
    const mixed = new Map(
      [...a].map(([name, { shape, data }]) => [
        name,
        tensor(
          shape,
          data.map((v, i) => v + b.get(name)!.data[i]!),
        ),
      ]),
    );
    expect(look([mixed]).report).toContain("no layer of the kind");
    expect(look([new Map([["fc.weight", a.get("fc.weight")!]])]).report).toContain("no layer of the kind");
    expect(inspectWith(detector, payload).report).toContain("needs a batch");
  });
});

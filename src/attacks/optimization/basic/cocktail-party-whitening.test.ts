import { describe, expect, it } from "vitest";
import { createRandom } from "../../../math/random.js";
import { dot } from "../../../math/vector.js";
import { type Whitened, whiten } from "./cocktail-party-whitening.js";

/** What a layer with `outputs` neurons sends for `count` readings of `inputs` numbers: weight and bias gradients. */
function mix(count: number, outputs: number, inputs: number, seed = 1) {
  const random = createRandom(seed);
  const factors = new Float64Array(outputs * count);
  const readings = new Float64Array(count * inputs);
  random.fillNormal(factors, 0, 1);
  random.fillUniform(readings, 0, 1);
  const weight = new Float64Array(outputs * inputs);
  const bias = new Float64Array(outputs);
  for (let i = 0; i < outputs; i++) {
    for (let k = 0; k < count; k++) {
      bias[i]! += factors[i * count + k]!;
      for (let j = 0; j < inputs; j++) weight[i * inputs + j]! += factors[i * count + k]! * readings[k * inputs + j]!;
    }
  }
  return { gradient: { weight, bias, outputs, inputs }, readings };
}

/** Of the covariance over the inputs, the largest distance from the identity. */
function distanceFromIdentity({ count, mixtures }: Whitened): number {
  const inputs = mixtures.length / count;
  const row = (i: number) => mixtures.subarray(i * inputs, (i + 1) * inputs);
  let worst = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const covariance = dot(row(i), row(j)) / (inputs - 1);
      worst = Math.max(worst, Math.abs(covariance - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

/** How far each reading, centred, lies outside the span of the mixtures, of its own length. */
function outOfSpan({ count, mixtures }: Whitened, readings: Float64Array): number {
  const inputs = mixtures.length / count;
  let worst = 0;
  for (let k = 0; k < readings.length / inputs; k++) {
    const own = readings.subarray(k * inputs, (k + 1) * inputs);
    const mean = own.reduce((sum, value) => sum + value, 0) / inputs;
    const rest = own.map((value) => value - mean);
    const length = Math.sqrt(dot(rest, rest));
    for (let i = 0; i < count; i++) {
      const mixture = mixtures.subarray(i * inputs, (i + 1) * inputs);
      const share = dot(rest, mixture) / (inputs - 1);
      for (let j = 0; j < inputs; j++) rest[j]! -= share * mixture[j]!;
    }
    worst = Math.max(worst, Math.sqrt(dot(rest, rest)) / length);
  }
  return worst;
}

describe("whiten", () => {
  it("makes the covariance the identity to 1e-8 and keeps the span of what was read", () => {
    const { gradient, readings } = mix(7, 40, 300);
    const whitened = whiten(gradient, 7, createRandom(1));
    expect([whitened.count, whitened.active]).toEqual([7, 40]);
    expect(distanceFromIdentity(whitened)).toBeLessThan(1e-8);
    expect(outOfSpan(whitened, readings)).toBeLessThan(1e-8);
  });

  it("does so by random sums where there are many neurons", () => {
    const { gradient, readings } = mix(5, 600, 80);
    const whitened = whiten(gradient, 5, createRandom(1));
    expect([whitened.count, whitened.active]).toEqual([5, 600]);
    expect(distanceFromIdentity(whitened)).toBeLessThan(1e-8);
    expect(outOfSpan(whitened, readings)).toBeLessThan(1e-8);
  });

  it("keeps no more mixtures than there are neurons, and does not count silent ones", () => {
    const { gradient } = mix(9, 6, 50);
    gradient.weight.fill(0, 0, 2 * 50);
    gradient.bias.fill(0, 0, 2);
    expect(whiten(gradient, 9, createRandom(1))).toMatchObject({ count: 4, active: 4 });
  });

  it("keeps nothing of float32 rounding", () => {
    const { gradient } = mix(3, 30, 100);
    const sent = { ...gradient, weight: Float32Array.from(gradient.weight), bias: Float32Array.from(gradient.bias) };
    expect(whiten(sent, 10, createRandom(1)).count).toBe(3);
  });

  it("of a gradient of zeros keeps nothing", () => {
    const zeros = { weight: new Float32Array(12), bias: new Float32Array(3), outputs: 3, inputs: 4 };
    expect(whiten(zeros, 2, createRandom(1))).toMatchObject({ count: 0, active: 0 });
  });

  it("mixes the bias as the rows: where all readings are one, mixture and bias say the same", () => {
    // Adding 1 to every reading adds the bias gradient to every column: offsets rise by just the mixed biases.
    const { gradient } = mix(4, 20, 60);
    const lifted = gradient.weight.map((value, i) => value + gradient.bias[Math.floor(i / 60)]!);
    const [before, after] = [gradient.weight, lifted].map((weight) =>
      whiten({ ...gradient, weight }, 4, createRandom(1)),
    ) as [Whitened, Whitened];
    for (let i = 0; i < 4; i++) {
      const sign = Math.sign(
        dot(before.mixtures.subarray(i * 60, i * 60 + 60), after.mixtures.subarray(i * 60, i * 60 + 60)),
      );
      expect(sign * after.offsets[i]! - before.offsets[i]!).toBeCloseTo(before.biases![i]!, 8);
    }
  });
});

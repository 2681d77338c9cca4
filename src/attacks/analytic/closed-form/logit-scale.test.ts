import { describe, expect, it } from "vitest";
import { headRoots } from "./logit-scale.js";

const features = Float64Array.of(0.5, -0.1, 0.8);

/** The gradient of softmax cross-entropy in the rows of `weight`. */
function gradientOf(weight: Float64Array, classes: number, label: number): Float64Array {
  const logits = Array.from({ length: classes }, (_, c) =>
    features.reduce((sum, x, i) => sum + x * weight[c * 3 + i]!, 0),
  );
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return weight.map((_, at) => {
    const c = Math.floor(at / 3);
    return (Math.exp(logits[c]!) / sum - Number(c === label)) * features[at % 3]!;
  });
}

describe("headRoots", () => {
  it("finds one root with four classes, and it is the truth", () => {
    const weight = Float64Array.of(0.4, 0.1, -0.3, 0.2, -0.5, 0.6, -0.1, 0.3, 0.2, 0.5, 0.5, -0.4);
    const [root] = headRoots(weight, gradientOf(weight, 4, 1), 4);
    expect(root!.label).toBe(1);
    expect(root!.residual).toBeLessThan(1e-10);
    for (const [i, value] of features.entries()) expect(root!.features[i]).toBeCloseTo(value, 9);
  });

  it("returns both roots of a rightly classified sample of two classes: u = 0.5 and u = 2.509, which the residual cannot tell apart", () => {
    // u = (w_1 - w_0)·x = 0.5 for label 1.
    const weight = Float64Array.of(0, 0, 0, 0.2, 0, 0.5);
    const roots = headRoots(weight, gradientOf(weight, 2, 1), 2).filter(({ label }) => label === 1);
    expect(roots).toHaveLength(2);
    for (const { residual } of roots) expect(residual).toBeLessThan(1e-10);
    const lengths = roots.map((root) => root.features[2]! / 0.8).sort((a, b) => a - b);
    expect(lengths[0]).toBeCloseTo(1, 9);
    expect(lengths[1]).toBeCloseTo(5.018, 2);
  });

  it("has nothing to say of a gradient of zeros", () => {
    expect(headRoots(Float64Array.of(1, 2), Float64Array.of(0, 0), 2)).toEqual([]);
  });
});

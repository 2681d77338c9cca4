import { describe, expect, it } from "vitest";
import { createCurvature } from "./curvature.js";
import { createRandom } from "./random.js";

const size = 6;

/** Pairs of a quadratic with Hessian diag(1, 2, .., size), as (direction, length, gradient, previous). */
function pairs(count: number) {
  const random = createRandom(1);
  return Array.from({ length: count }, () => {
    const direction = new Float64Array(size);
    const previous = new Float64Array(size);
    random.fillNormal(direction, 0, 1);
    random.fillNormal(previous, 0, 1);
    const gradient = previous.map((g, i) => g + 0.5 * (i + 1) * direction[i]!);
    return { direction, previous, gradient };
  });
}

describe("createCurvature", () => {
  it("is steepest descent while it knows nothing", () => {
    const out = new Float64Array(3);
    createCurvature(3, 5).descend(Float64Array.of(1, -2, 0), out);
    expect([...out]).toEqual([-1, 2, -0]);
  });

  it("maps the last change of gradient back to the last step (the secant equation)", () => {
    const memory = createCurvature(size, 4);
    const out = new Float64Array(size);
    for (const { direction, gradient, previous } of pairs(9)) {
      expect(memory.add(direction, 0.5, gradient, previous)).toBe(true);
      memory.descend(
        gradient.map((g, i) => g - previous[i]!),
        out,
      );
      out.forEach((v, i) => {
        expect(v).toBeCloseTo(-0.5 * direction[i]!, 12);
      });
    }
  });

  it("forgets the oldest pair: a full memory answers as one that saw only the last pairs", () => {
    const all = createCurvature(size, 3);
    const last = createCurvature(size, 3);
    pairs(8).forEach(({ direction, gradient, previous }, k) => {
      all.add(direction, 0.5, gradient, previous);
      if (k >= 5) last.add(direction, 0.5, gradient, previous);
    });
    const answers = [all, last].map((memory) => {
      const out = new Float64Array(size);
      memory.descend(Float64Array.of(1, 2, 3, 4, 5, 6), out);
      return out;
    });
    expect(answers[0]).toEqual(answers[1]);
  });

  it("refuses pairs without curvature above 1e-10, and NaN, and stays as it was", () => {
    const memory = createCurvature(1, 2);
    const add = (change: number) => memory.add(Float64Array.of(1), 1, Float64Array.of(change), Float64Array.of(0));
    expect([add(1e-10), add(-1), add(Number.NaN), add(1.1e-10)]).toEqual([false, false, false, true]);
  });
});

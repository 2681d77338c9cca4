import fc from "fast-check";
import { describe, expect, it } from "vitest";
import fixture from "../../test/fixtures/lbfgs.json" with { type: "json" };
import { createLbfgs, type LbfgsOptions, type LbfgsReport, type Objective } from "./lbfgs.js";

type Value = { value: number; gradient: Float64Array };

function rosenbrock(x: Float64Array): Value {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const bend = x[i + 1]! - x[i]! ** 2;
    value += 100 * bend ** 2 + (1 - x[i]!) ** 2;
    gradient[i]! += -400 * bend * x[i]! - 2 * (1 - x[i]!);
    gradient[i + 1]! += 200 * bend;
  }
  return { value, gradient };
}

/** 0.5 Σ scale_i (x_i - 1)² + 0.1 (Σ x_i)², scales from 1 to `condition`. */
function quadratic(x: Float64Array, condition = 1000): Value {
  const sum = x.reduce((total, v) => total + v, 0);
  let value = 0.1 * sum ** 2;
  const gradient = x.map((v, i) => {
    const scale = condition ** (i / (x.length - 1));
    value += 0.5 * scale * (v - 1) ** 2;
    return scale * (v - 1) + 0.2 * sum;
  });
  return { value, gradient };
}

const off = { gradientTolerance: 0, changeTolerance: 0 };
const asObjective =
  (f: (x: Float64Array) => Value): Objective =>
  async (x) =>
    f(x);

async function minimise(f: (x: Float64Array) => Value, x0: Float64Array, calls: number, options: LbfgsOptions) {
  const optimiser = createLbfgs(x0, options);
  let report: LbfgsReport | undefined;
  for (let call = 0; call < calls; call++) {
    report = await optimiser.step(asObjective(f));
    if (report.state !== "running") break;
  }
  return { optimiser, report: report! };
}

const chain = (n: number) => Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1));

describe("createLbfgs follows torch.optim.LBFGS", () => {
  it.each(fixture.lbfgs)("$problem, line search $lineSearch, $options", async (expected) => {
    const f = expected.problem === "rosenbrock" ? rosenbrock : quadratic;
    const lineSearch = expected.lineSearch as "none" | "strong-wolfe";
    const optimiser = createLbfgs(Float64Array.from(expected.start), { ...expected.options, lineSearch });
    const evaluated: number[][] = [];
    for (const end of expected.ends) {
      const report = await optimiser.step(async (x) => {
        evaluated.push([...x]);
        return f(x);
      });
      expect(report.evaluations).toBe(end.evaluations);
      end.x.forEach((v, i) => {
        expect(Math.abs(optimiser.x[i]! - v)).toBeLessThan(1e-9);
      });
    }
    expect(evaluated.length).toBe(expected.evaluated.length);
    expected.evaluated.flat().forEach((v, i) => {
      expect(Math.abs(evaluated.flat()[i]! - v)).toBeLessThan(1e-9);
    });
  });
});

describe("createLbfgs", () => {
  it.each(["none", "strong-wolfe"] as const)(
    "solves Rosenbrock's valley in 2 dimensions, line search %s",
    async (lineSearch) => {
      const { optimiser, report } = await minimise(rosenbrock, chain(2), 50, {
        ...off,
        gradientTolerance: 1e-10,
        lineSearch,
      });
      expect(report.state).toBe("converged");
      expect(report.gradientNorm).toBeLessThan(1e-10);
      for (const v of optimiser.x) expect(v).toBeCloseTo(1, 9);
    },
  );

  it("solves it in 100 dimensions with the line search", async () => {
    const { optimiser, report } = await minimise(rosenbrock, chain(100), 60, {
      ...off,
      gradientTolerance: 1e-8,
      lineSearch: "strong-wolfe",
    });
    expect(report.state).toBe("converged");
    expect(optimiser.best.value).toBeLessThan(1e-15);
    expect(report.evaluations).toBeLessThan(900);
  });

  it("needs about as many steps as PyTorch (73) for a quadratic of condition 1e4 in 20 dimensions", async () => {
    const f = (x: Float64Array) => {
      const gradient = x.map((v, i) => 10 ** ((4 * i) / 19) * (v - 1));
      return { value: 0.5 * x.reduce((sum, v, i) => sum + gradient[i]! * (v - 1), 0), gradient };
    };
    const options = { ...off, gradientTolerance: 1e-8, lineSearch: "strong-wolfe" } as const;
    const { optimiser, report } = await minimise(f, new Float64Array(20), 20, options);
    expect(report.state).toBe("converged");
    expect(report.iterations).toBeLessThan(80);
    for (const v of optimiser.x) expect(v).toBeCloseTo(1, 7);
  });

  it("finds the minimum of random convex quadratics, without an evaluation lost in the count", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 12 }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        async (n, condition) => {
          let calls = 0;
          const f = (x: Float64Array) => {
            calls++;
            return quadratic(x, condition);
          };
          const { optimiser, report } = await minimise(f, new Float64Array(n).fill(5), 30, {
            ...off,
            gradientTolerance: 1e-9,
          });
          expect(report.state).toBe("converged");
          expect(report.evaluations).toBe(calls);
          expect(Math.max(...quadratic(optimiser.x, condition).gradient.map(Math.abs))).toBeLessThanOrEqual(1e-9);
          expect(optimiser.best.value).toBeLessThanOrEqual(quadratic(optimiser.x, condition).value);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("stalls at the change tolerance, converges at the gradient tolerance, and with both off runs to its limits", async () => {
    const start = chain(2);
    const stalled = await minimise(rosenbrock, start, 9, { gradientTolerance: 0, changeTolerance: 1 });
    expect(stalled.report.state).toBe("stalled");
    const converged = await minimise(rosenbrock, start, 9, { gradientTolerance: 1000 });
    expect(converged.report).toMatchObject({ state: "converged", iterations: 0, evaluations: 1 });
    const running = await createLbfgs(start, { ...off, maxIterations: 7 }).step(asObjective(rosenbrock));
    expect(running).toMatchObject({ state: "running", iterations: 7, evaluations: 7 });
    const limited = await createLbfgs(start, { ...off, maxEvaluations: 3 }).step(asObjective(rosenbrock));
    expect(limited).toMatchObject({ state: "running", iterations: 2, evaluations: 3 });
  });

  it("stops where the gradient is exactly zero although both tolerances are off", async () => {
    const { report } = await minimise(
      (x) => ({ value: x[0]! ** 2, gradient: x.map((v) => 2 * v) }),
      Float64Array.of(4),
      9,
      off,
    );
    expect(report).toMatchObject({ state: "converged", value: 0, gradientNorm: 0 });
  });

  it("ends as diverged at a non-finite value or gradient and keeps the best finite point", async () => {
    const cliff = (bad: Partial<Value>) => (x: Float64Array) => ({
      value: -x[0]!,
      gradient: Float64Array.of(-1, 0),
      ...(x[0]! > 3.5 ? bad : {}),
    });
    const gradient = Float64Array.of(0, Number.NaN);
    for (const bad of [{ value: Number.NaN }, { value: Number.NEGATIVE_INFINITY }, { gradient }]) {
      const { optimiser, report } = await minimise(cliff(bad), Float64Array.of(0, 9), 9, off);
      expect(report).toMatchObject({ state: "diverged", evaluations: 5 });
      expect(optimiser.best.value).toBe(-3);
      expect([...optimiser.best.x]).toEqual([3, 9]);
    }
    const hopeless = await minimise(
      () => ({ value: Number.NaN, gradient: new Float64Array(2) }),
      Float64Array.of(0, 9),
      9,
      off,
    );
    expect(hopeless.report.state).toBe("diverged");
    expect(hopeless.optimiser.best).toEqual({ x: Float64Array.of(0, 9), value: Number.POSITIVE_INFINITY });
  });

  it("shortens a step into the non-finite instead, with the line search", async () => {
    const f = (x: Float64Array) => ({ value: x[0]! - Math.log(x[0]!), gradient: x.map((v) => 1 - 1 / v) });
    const { optimiser, report } = await minimise(f, Float64Array.of(0.01), 9, {
      ...off,
      gradientTolerance: 1e-9,
      lineSearch: "strong-wolfe",
      learningRate: 100,
    });
    expect(report.state).toBe("converged");
    expect(optimiser.x[0]).toBeCloseTo(1, 8);
    const edge = (x: Float64Array) => ({ value: x[0]! > 0 ? Number.NaN : -x[0]!, gradient: Float64Array.of(-1) });
    const stuck = await minimise(edge, Float64Array.of(0), 9, { ...off, lineSearch: "strong-wolfe" });
    expect(stuck.report.state).toBe("stalled");
    expect(stuck.optimiser.x[0]).toBe(0);
  });

  it("shows every iterate to onIteration, stops on false, and goes on where it stopped", async () => {
    const seen: number[] = [];
    const optimiser = createLbfgs(chain(2), {
      ...off,
      onIteration: ({ value, iterations }) => {
        seen.push(value);
        return iterations !== 5;
      },
    });
    const stopped = await optimiser.step(asObjective(rosenbrock));
    expect(stopped).toMatchObject({ state: "running", iterations: 5, evaluations: 6 });
    expect(seen.length).toBe(6);
    expect(seen[0]).toBeCloseTo(24.2, 10);
    expect(seen[5]).toBe(rosenbrock(optimiser.x).value);
    const whole = createLbfgs(chain(2), off);
    await whole.step(asObjective(rosenbrock));
    const rest = createLbfgs(chain(2), { ...off, maxIterations: 5 });
    for (let call = 0; call < 4; call++) await rest.step(asObjective(rosenbrock));
    expect(rest.x).toEqual(whole.x);
  });

  it("leaves the start alone and names a gradient of the wrong length", async () => {
    const x0 = chain(2);
    await minimise(rosenbrock, x0, 2, off);
    expect(x0).toEqual(chain(2));
    await expect(minimise(() => ({ value: 1, gradient: new Float64Array(3) }), x0, 1, off)).rejects.toThrow(
      /2 variables .* 3 entries/,
    );
    expect(() => createLbfgs(x0, { history: 0 })).toThrow(RangeError);
  });
});

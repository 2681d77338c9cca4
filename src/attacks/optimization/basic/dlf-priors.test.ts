import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backend, knowledge } from "../../../../test/small-round.js";
import { compile, createGraph, grad, type Node } from "../../../engine/index.js";
import { createRandom } from "../../../math/random.js";
import { circularVariation, epochOrder, excess, randomFeatures } from "./dlf-priors.js";

/** Value and derivative of a term at pictures of `shape`. */
async function open(shape: readonly number[], term: (x: Node) => Node) {
  const x = createGraph().input("x", shape);
  const value = term(x);
  const program = await compile({ value, slope: grad(value, [x])[0]! }, { backend, dtype: "float64" });
  return async (data: ArrayLike<number>) => {
    const out = await program.run({ x: Float64Array.from(data) });
    return { value: out.value[0]!, slope: out.slope };
  };
}

describe("circular variation", () => {
  it("is the mean squared step to the right and down, the last one back to the first", async () => {
    const at = await open([1, 1, 2, 3], circularVariation);
    // Right: 1 2 -3 | 0 0 0; down: 3 2 0 | -3 -2 0.
    expect((await at([1, 2, 4, 4, 4, 4])).value).toBeCloseTo((1 + 4 + 9 + 9 + 4 + 9 + 4) / 6, 12);
    expect((await at([2, 2, 2, 2, 2, 2])).value).toBe(0);
  });

  it("does not change when pictures are turned around their edges", async () => {
    const at = await open([1, 1, 3, 3], circularVariation);
    const turned = await at([3, 1, 2, 9, 7, 8, 6, 4, 5]);
    expect((await at([1, 2, 3, 7, 8, 9, 4, 5, 6])).value).toBeCloseTo(turned.value, 12);
  });
});

describe("excess", () => {
  it("counts squares of what lies outside the range of pixels, as clients normalise them", async () => {
    const plain = await open([1, 1, 2, 2], (x) => excess(x, knowledge(1)));
    expect((await plain([-1, 0.5, 1, 3])).value).toBe((1 + 4) / 4);
    expect((await plain([0, 0.2, 0.8, 1])).value).toBe(0);
    const normalization = { mean: [0.5], deviation: [0.25] };
    const normalised = await open([1, 1, 2, 2], (x) => excess(x, { ...knowledge(1), normalization }));
    expect((await normalised([-4, 2, 0, 4])).value).toBeCloseTo((0.25 + 0.25) / 4, 12);
  });
});

describe("the order of an epoch", () => {
  const features = randomFeatures(createRandom(3), 1, 5);
  const shape = [6, 1, 4, 4];
  const size = 16;
  const data = new Float64Array(6 * size);
  createRandom(5).fillUniform(data, 0, 1);
  const permuted = (order: readonly number[]) => {
    const out = data.slice();
    order.forEach((from, to) => {
      out.set(data.subarray((3 + from) * size, (4 + from) * size), (3 + to) * size);
    });
    return out;
  };

  it.each([
    ["pixels", undefined],
    ["features", features],
  ])("does not matter to the prior: %s", async (_, view) => {
    const at = await open(shape, (x) => epochOrder(x, 2, view));
    const { value } = await at(data);
    expect(value).toBeGreaterThan(1e-4);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), async (order) => {
        expect(Math.abs((await at(permuted(order))).value - value)).toBeLessThan(1e-12);
      }),
      { numRuns: 10 },
    );
    const same = data.slice();
    [2, 0, 1].forEach((from, to) => {
      same.set(data.subarray(from * size, (from + 1) * size), (3 + to) * size);
    });
    expect((await at(same)).value).toBeLessThan(1e-24);
  });

  it("is a mean over all pairs of epochs, and nothing for one", async () => {
    const three = await open([3, 1, 1, 2], (x) => epochOrder(x, 3));
    expect((await three([0, 0, 1, 1, 3, 3])).value).toBeCloseTo((1 + 4 + 9) / 3, 12);
    const one = await open([2, 1, 1, 2], (x) => epochOrder(x, 1));
    expect(await one([1, 2, 3, 4])).toEqual({ value: 0, slope: new Float64Array(4) });
  });

  it("moves pictures: its derivative is that of finite differences, as are those of the others", async () => {
    const terms = [
      circularVariation,
      (x: Node) => excess(x, knowledge(1)),
      (x: Node) => epochOrder(x, 2),
      (x: Node) => epochOrder(x, 2, features),
    ];
    const spread = data.map((value) => 3 * value - 1);
    for (const term of terms) {
      const at = await open(shape, term);
      const { slope } = await at(spread);
      const largest = Math.max(...slope.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      for (const i of [0, 21, 50, 95]) {
        const moved = async (step: number) =>
          (await at(spread.map((value, place) => (place === i ? value + step : value)))).value;
        const numeric = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5;
        expect(Math.abs(slope[i]! - numeric)).toBeLessThan(1e-6 * largest);
      }
    }
  });
});

import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Image, ScoreInput } from "../metrics/define.js";
import { loadCatalogue } from "./catalogue.js";
import { floorGuesses } from "./floor.js";
import { chooseMetric, matchRecords, scoreFloor, scoreMatched, summarise } from "./score.js";

const { metrics } = await loadCatalogue();
const psnr = chooseMetric("psnr", metrics);
const mse = chooseMetric("mse", metrics);
const flat = (value: number): Image => ({ shape: [1, 2, 2], data: Float64Array.of(value, value, value, value) });
const gallery = {
  length: 3,
  label: () => 0,
  pixels: (index: number) => new Uint8Array(4).fill([51, 102, 204][index]!),
};
const originals = [flat(0.2), flat(0.4), flat(0.8)];

describe("matching within a batch", () => {
  it("gives each original its nearest candidate, clamped, whatever their order", () => {
    const matched = matchRecords([flat(1.5), flat(0.21), flat(0.39)], originals, [7, 8, 9]);
    expect(matched.map(({ record }) => record)).toEqual([7, 8, 9]);
    expect(matched.map(({ reconstruction }) => reconstruction!.data[0])).toEqual([0.21, 0.39, 1]);
  });

  it("leaves originals alone for which no candidate came", () => {
    expect(matchRecords([], originals, [0, 1, 2]).map(({ reconstruction }) => reconstruction)).toEqual([
      null,
      null,
      null,
    ]);
    const [a, b, c] = matchRecords([flat(0.4)], originals, [0, 1, 2]);
    expect([a!.reconstruction, c!.reconstruction]).toEqual([null, null]);
    expect(b!.reconstruction!.data[0]).toBe(0.4);
  });

  it("does not match a diverged candidate", () => {
    expect(matchRecords([flat(Number.NaN)], originals.slice(0, 1), [0])[0]!.reconstruction).toBeNull();
  });
});

describe("scores", () => {
  it("are null with a reason for originals without a reconstruction, at their own place", async () => {
    const matched = matchRecords([flat(0.4), flat(0.7)], originals, [0, 1, 2]);
    const figures = await scoreMatched(psnr, matched, gallery);
    expect(figures[0]).toEqual({ value: null, reason: "the attack gave no reconstruction for this image" });
    expect(figures[1]).toEqual({ value: 120, exact: true });
    expect(figures[2]!.value).toBeCloseTo(20, 9);
    const told = summarise(psnr, figures);
    expect(told).toMatchObject({ variant: "psnr/per-image", moreLeakage: "higher", best: 120, exact: 1 });
    expect(told.perImage).toEqual([null, 120, expect.closeTo(20, 9)]);
    expect(told.mean).toBeCloseTo(70, 9);
    expect(told.reasons).toEqual(["the attack gave no reconstruction for this image"]);
  });

  it("have no mean and no best where nothing came back", async () => {
    const told = summarise(psnr, await scoreMatched(psnr, matchRecords([], originals, [0, 1, 2]), gallery));
    expect(told).toMatchObject({ mean: null, best: null, perImage: [null, null, null] });
    expect(told.exact).toBeUndefined();
  });

  it("take the best by the metric's own direction", async () => {
    const matched = matchRecords([flat(0.3), flat(0.4), flat(0.6)], originals, [0, 1, 2]);
    const told = summarise(mse, await scoreMatched(mse, matched, gallery));
    expect(told.best).toBeCloseTo(0, 12);
    expect(told.moreLeakage).toBe("lower");
  });
});

describe("the floor", () => {
  const guesses = [
    { id: "prior-mean", image: flat(0.5) },
    { id: "surrogate-image", image: flat(0.9) },
    { id: "noise", image: flat(0.25) },
  ] as const;

  it("is, image by image, the guess that leaks most", async () => {
    const matched = matchRecords([], originals, [0, 1, 2]);
    const nearest = [0.05, 0.1, 0.1];
    expect((await scoreFloor(psnr, matched, guesses, gallery)).map(({ value }) => value)).toEqual(
      nearest.map((distance) => expect.closeTo(-20 * Math.log10(distance), 9)),
    );
    expect((await scoreFloor(mse, matched, guesses, gallery)).map(({ value }) => value)).toEqual(
      nearest.map((distance) => expect.closeTo(distance ** 2, 9)),
    );
  });

  it("hands all guesses to the metric at once, each as one picture, and finds the way back to their originals", async () => {
    const calls: ScoreInput[] = [];
    const score = (input: ScoreInput) => {
      calls.push(input);
      return Promise.resolve(
        input.reconstructions.map(({ data }, pair) => ({ value: data[0]! * input.records![pair]! })),
      );
    };
    const metric = { ...psnr.metric, variants: { counted: { title: "", score } } };
    const matched = matchRecords([], originals, [1, 2, 0]);
    const floor = await scoreFloor({ metric, variant: "counted" }, matched, guesses, gallery);
    expect(floor.map(({ value }) => value)).toEqual([0.9, 1.8, 0]);
    expect(calls).toHaveLength(1);
    expect(calls[0]!.reconstructions).toHaveLength(9);
    expect(new Set(calls[0]!.reconstructions).size).toBe(3);
  });

  it("is made of the surrogate's mean, one of its pictures and noise, the same for the same seed", () => {
    const inputs = tensor([2, 1, 2, 2], Float64Array.of(0, 0, 0, 0, 1, 1, 0.5, 0.5));
    const [mean, picture, noise] = floorGuesses({ inputs, labels: [0, 0] }, createRandom(1));
    expect([...mean!.image.data]).toEqual([0.5, 0.5, 0.25, 0.25]);
    expect([
      [0, 0, 0, 0],
      [1, 1, 0.5, 0.5],
    ]).toContainEqual([...picture!.image.data]);
    expect(new Set(noise!.image.data).size).toBe(4);
    expect(floorGuesses({ inputs, labels: [0, 0] }, createRandom(1))).toEqual([mean, picture, noise]);
  });
});

describe("the choice of a metric", () => {
  it("takes an id or an id with a variant and lists what exists otherwise", () => {
    expect(chooseMetric("iip", metrics).variant).toBe("pixel@all");
    expect(chooseMetric("iip/pixel@same-label", metrics).variant).toBe("pixel@same-label");
    expect(() => chooseMetric("psnrr", metrics)).toThrow(/unknown metric "psnrr"; there are .*psnr/);
    expect(() => chooseMetric("iip/other", metrics)).toThrow(/no variant "other"; there are pixel@all/);
  });
});

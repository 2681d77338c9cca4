import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import type { ClientContext, Update, WireMessage } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import quantization from "./quantization.js";

function drawn(size: number, seed = 1): Update {
  const data = new Float64Array(size);
  createRandom(seed).fillNormal(data, 0, 1);
  return new Map([["w", tensor([size], data)]]);
}
function sent(options: Record<string, unknown>, update: Update, seed = 1, bytes?: number): WireMessage {
  const plain = 4 * [...update.values()].reduce((sum, { data }) => sum + data.length, 0);
  const context = { random: createRandom(seed) } as ClientContext;
  return attach(quantization, options).hooks.beforeUpload!({ client: 0, update, bytes: bytes ?? plain }, context);
}
const entries = ({ update }: Pick<WireMessage, "update">) => [...update.values()].flatMap(({ data }) => [...data]);
const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe("quantization", () => {
  for (const seed of [1, 2, 3]) {
    it.each([
      { norm: "max", levels: 16 },
      { norm: "max", levels: 2 },
      { norm: "l2", levels: 16 },
    ])(
      `is unbiased with seed ${seed}, %o: the mean of 4000 decodes is within 4 standard errors for 99 %`,
      (options) => {
        const update = drawn(200, seed);
        const exact = entries({ update });
        const [sums, squares] = [new Float64Array(200), new Float64Array(200)];
        for (let draw = 0; draw < 4000; draw++) {
          entries(sent(options, update, 10_000 * seed + draw)).forEach((value, i) => {
            sums[i]! += value;
            squares[i]! += value * value;
          });
        }
        const inside = exact.filter((value, i) => {
          const mean = sums[i]! / 4000;
          const variance = Math.max(squares[i]! / 4000 - mean * mean, 0);
          return Math.abs(mean - value) <= 4 * Math.sqrt(variance / 4000) + 1e-12;
        });
        expect(inside.length).toBeGreaterThanOrEqual(198);
      },
    );
  }

  it("moves no entry by more than half a step when it rounds to the nearest level, and by less than a step otherwise", () => {
    const update = drawn(1000);
    const exact = entries({ update });
    for (const levels of [2, 8, 16, 128]) {
      const step = largest(exact) / (levels - 1);
      const away = (method: string) => largest(entries(sent({ method, levels }, update)).map((v, i) => v - exact[i]!));
      expect(away("uniform")).toBeLessThanOrEqual(step / 2 + 1e-12);
      expect(away("uniform")).toBeGreaterThan(0.45 * step);
      expect(away("stochastic")).toBeLessThan(step);
      expect(away("stochastic")).toBeGreaterThan(0.5 * step);
      const values = entries(sent({ method: "uniform", levels }, update)).map((v) => v / step);
      expect(largest(values.map((v) => v - Math.round(v)))).toBeLessThan(1e-9);
    }
  });

  it.each(["uniform", "sign", "float16", "bfloat16"])("%s changes nothing that it decoded already", (method) => {
    const single = new Map([["w", tensor([500], Float32Array.from(entries({ update: drawn(500) })))]]);
    const once = sent({ method }, single);
    const twice = sent({ method }, once.update);
    expect(entries(once)).not.toEqual(entries({ update: single }));
    // A mean of equal sizes is that size to rounding.
    const tolerance = method === "sign" ? 1e-6 : 0;
    entries(twice).forEach((value, i) => {
      expect(Math.abs(value - entries(once)[i]!)).toBeLessThanOrEqual(tolerance);
    });
  });

  it("gives signs of the mean size", () => {
    const update = new Map([["w", tensor([4], Float64Array.from([3, -1, 0, 4]))]]);
    expect(entries(sent({ method: "sign" }, update))).toEqual([2, -2, 2, 2]);
  });

  it("casts as IEEE 754 does: half to 11 bits, subnormals and ties to even, bfloat16 to 8 bits", () => {
    const update = new Map([
      ["w", tensor([7], Float64Array.of(0.1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 3e-6, -65_503, 1e6, 0))],
    ]);
    expect(entries(sent({ method: "float16" }, update))).toEqual([
      0.0999755859375,
      1,
      1 + 2 ** -9,
      50 * 2 ** -24,
      -65_504,
      65_504,
      0,
    ]);
    expect(entries(sent({ method: "bfloat16" }, update)).slice(0, 2)).toEqual([0.10009765625, 1]);
  });

  it("counts the bits of every entry and a scale per tensor", () => {
    const update: Update = new Map([...drawn(1001), ["b", tensor([7], new Float64Array(7).fill(1))]]);
    const bits = (options: Record<string, unknown>) => sent(options, update).bytes;
    expect(bits({ levels: 16 })).toBe(Math.ceil((1008 * 5) / 8) + 8);
    expect(bits({ levels: 2 })).toBe(Math.ceil((1008 * 2) / 8) + 8);
    expect(bits({ levels: 128 })).toBe(1008 + 8);
    expect(bits({ method: "sign" })).toBe(126 + 8);
    expect(bits({ method: "float16" })).toBe(2 * 1008);
    const sparse: Update = new Map([["w", tensor([100], new Float64Array(100).fill(1, 0, 10))]]);
    expect(sent({ levels: 128 }, sparse, 1, 10 * 4 + 13).bytes).toBe(13 + 10 + 4);
    expect(sent({ levels: 128 }, sparse, 1, 400 + 64).bytes).toBe(100 + 4 + 64);
  });

  it("leaves a zero tensor and its input alone", () => {
    const zero: Update = new Map([["w", tensor([3], new Float64Array(3))]]);
    expect(entries(sent({}, zero))).toEqual([0, 0, 0]);
    const update = drawn(20);
    const before = entries({ update });
    sent({}, update);
    expect(entries({ update })).toEqual(before);
  });

  it.each([[{ levels: 1 }], [{ method: "ternary" }], [{ norm: "l1" }], [{ levels: 2.5 }]])("refuses %o", (options) => {
    expect(() => attach(quantization, options)).toThrow();
  });

  it("shows in a round's receipt what it cost and saved; more levels distort less", async () => {
    const random = createRandom(1);
    const payload = freshPayload(models.mlp!([1, 4, 4], 3), random);
    const batch = drawBatch(random, [1, 4, 4], 3, 2);
    const distortions: number[] = [];
    for (const levels of [2, 4, 16, 128]) {
      const { receipts } = await playRound({ payload, batch, defenses: [attach(quantization, { levels })] });
      expect(receipts[0]!.identity).toBe(false);
      expect(receipts[0]!.bytesAfter).toBeLessThan(0.3 * receipts[0]!.bytesBefore);
      distortions.push(receipts[0]!.distortion!.relativeL2);
    }
    expect(distortions).toEqual([...distortions].sort((a, b) => b - a));
  });
});

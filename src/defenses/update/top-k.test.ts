import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import type { ClientContext, Update, WireMessage } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import topK from "./top-k.js";

const update = (...tensors: readonly (readonly number[])[]): Update =>
  new Map(tensors.map((values, i) => [`t${i}`, tensor([values.length], Float32Array.from(values))]));
const unused = {} as ClientContext;

function sent(options: Record<string, unknown>, value: Update): WireMessage {
  const bytes = 4 * [...value.values()].reduce((sum, { data }) => sum + data.length, 0);
  return attach(topK, options).hooks.beforeUpload!({ client: 0, update: value, bytes }, unused);
}
const values = (message: WireMessage) => [...message.update.values()].map(({ data }) => [...data]);
const nonZero = (list: readonly number[]) => list.filter((value) => value !== 0).length;
/** Values of distinct magnitude, none zero. */
const distinct = fc
  .uniqueArray(fc.integer({ min: 1, max: 999 }), { minLength: 1, maxLength: 60 })
  .chain((sizes) => fc.tuple(...sizes.map((size) => fc.constantFrom(size, -size))));

describe("top-k", () => {
  it("keeps exactly ceil(keep·size) entries of each tensor, the largest, bit-equal", () => {
    fc.assert(
      fc.property(distinct, distinct, fc.integer({ min: 1, max: 100 }), (a, b, percent) => {
        const message = sent({ keep: percent / 100 }, update(a, b));
        [a, b].forEach((list, i) => {
          const kept = values(message)[i]!;
          const count = Math.ceil((percent * list.length) / 100);
          const threshold = list.map(Math.abs).sort((x, y) => y - x)[count - 1]!;
          expect(nonZero(kept)).toBe(count);
          expect(kept).toEqual(list.map((value) => (Math.abs(value) >= threshold ? value : 0)));
        });
      }),
    );
  });

  it("ranks over the whole update in global scope", () => {
    fc.assert(
      fc.property(distinct, fc.integer({ min: 1, max: 100 }), (list, percent) => {
        const half = Math.floor(list.length / 2);
        const message = sent({ keep: percent / 100, scope: "global" }, update(list.slice(0, half), list.slice(half)));
        const alone = sent({ keep: percent / 100 }, update(list));
        expect(values(message).flat()).toEqual(values(alone)[0]);
      }),
    );
    expect(values(sent({ keep: 0.5, scope: "global" }, update([1, 2], [30, 40])))).toEqual([
      [0, 0],
      [30, 40],
    ]);
    expect(values(sent({ keep: 0.5 }, update([1, 2], [30, 40])))).toEqual([
      [0, 2],
      [0, 40],
    ]);
  });

  it("gives ties to the lower index and never keeps more than its count", () => {
    expect(values(sent({ keep: 0.5 }, update([1, -1, 1, 1])))).toEqual([[1, -1, 0, 0]]);
    expect(values(sent({ keep: 0.25 }, update([0, 0, 0, 0])))).toEqual([[0, 0, 0, 0]]);
  });

  it("counts without rounding errors: 7 % of 100 are 7", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    for (let percent = 1; percent <= 100; percent++) {
      expect(nonZero(values(sent({ keep: percent / 100 }, update(hundred)))[0]!)).toBe(percent);
    }
  });

  it("keeps at least one entry of a small tensor, leaves its input alone, and changes nothing at keep 1", () => {
    const value = update([0.5, -3, 2], [7]);
    expect(values(sent({ keep: 0.001 }, value))).toEqual([[0, -3, 0], [7]]);
    expect([...value.get("t0")!.data]).toEqual([0.5, -3, 2]);
    expect(values(sent({ keep: 1 }, value))).toEqual([[0.5, -3, 2], [7]]);
  });

  it("counts bytes of the cheaper encoding: 32-bit indices for few entries, a bitmap for many", () => {
    const thousand = Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(sent({ keep: 0.01 }, update(thousand)).bytes).toBe(4 * 10 + 4 * 10);
    expect(sent({ keep: 0.5 }, update(thousand)).bytes).toBe(4 * 500 + 125);
    expect(sent({ keep: 0.5, scope: "global" }, update(thousand, thousand)).bytes).toBe(4 * 1000 + 250);
  });

  it.each([[{ keep: 0 }], [{ keep: 1.1 }], [{ keep: Number.NaN }], [{ scope: "layer" }]])("refuses %o", (options) => {
    expect(() => attach(topK, options)).toThrow();
  });

  it("shows in a round's receipt what it kept and saved", async () => {
    const random = createRandom(1);
    const payload = freshPayload(models.mlp!([1, 4, 4], 3), random);
    const batch = drawBatch(random, [1, 4, 4], 3, 2);
    const record = await playRound({ payload, batch, defenses: [attach(topK, { keep: 0.1 })] });
    const [receipt] = record.receipts;
    expect(receipt!.identity).toBe(false);
    expect(receipt!.bytesAfter).toBe(record.clients.get(0)!.message.bytes);
    expect(receipt!.bytesAfter).toBeLessThan(0.2 * receipt!.bytesBefore);
    expect(receipt!.distortion!.relativeL2).toBeGreaterThan(0);
    expect(receipt!.distortion!.relativeL2).toBeLessThan(1);
    // What is kept is kept as it was, so the cosine is the share of the norm that was sent.
    expect(receipt!.distortion!.cosine ** 2).toBeCloseTo(1 - receipt!.distortion!.relativeL2 ** 2, 9);
  });
});

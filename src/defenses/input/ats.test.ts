import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, playRound } from "../../../test/small-round.js";
import type { ImageShape } from "../../data/dataset.js";
import type { ClientBatch, ClientContext } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { attach } from "../define.js";
import { type OperationName, operations } from "./ats/operations.js";
import { applyPolicy, library, parsePolicies } from "./ats/policies.js";
import ats from "./ats.js";

interface Fixture {
  readonly pictures: readonly { readonly shape: ImageShape; readonly bytes: readonly number[] }[];
  readonly cases: readonly {
    readonly picture: number;
    readonly operation: OperationName;
    readonly magnitude: number;
    readonly bytes: readonly number[];
  }[];
}
const fixture = JSON.parse(readFileSync("test/fixtures/ats.json", "utf8")) as Fixture;
const shape = [3, 8, 8] as const;
const still = { cropPadding: 0, flip: false };

function transformed(
  batch: ClientBatch,
  options: Record<string, unknown>,
  seed: number,
  normalization = null as ClientContext["normalization"],
) {
  const context = { random: createRandom(seed), normalization } as ClientContext;
  return attach(ats, options).hooks.transformBatch!(batch, context);
}

describe("ats", () => {
  it.each(fixture.cases)(
    "has Pillow's pixels: picture $picture, $operation $magnitude",
    ({ picture, operation, magnitude, bytes }) => {
      const given = fixture.pictures[picture]!;
      const directed = !["rotate", "posterize", "solarize"].includes(operation);
      const [size, sign] = directed ? [Math.abs(magnitude), Math.sign(magnitude) || 1] : [magnitude, 1];
      const result = operations[operation]({ shape: given.shape, bytes: Uint8Array.from(given.bytes) }, size, sign);
      expect([...result.bytes]).toEqual(bytes);
    },
  );

  it("has the library of the authors' code: 50 entries, none out of range", () => {
    expect(library).toHaveLength(50);
    expect([library[3], library[18], library[43]]).toEqual([
      ["translateX", 9],
      ["contrast", 7],
      ["translateY", 3],
    ]);
    expect(parsePolicies("3-1-7+43-18-18")).toEqual([
      [3, 1, 7],
      [43, 18, 18],
    ]);
    expect(parsePolicies("")).toEqual([[]]);
    for (const text of ["50", "-1", "3--1", "3+-1", "3-", "a", "3.5"]) {
      expect(parsePolicies(text)).toBeNull();
      expect(() => attach(ats, { policies: text })).toThrow();
    }
  });

  it("applies a policy in its order, with directions drawn", () => {
    const picture = { shape: [1, 1, 4] as ImageShape, bytes: Uint8Array.of(0, 60, 120, 200) };
    const both = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      both.add([...applyPolicy(picture, [21], createRandom(seed)).bytes].join());
    }
    // A shift by 0.25 · 4 pixels either way; black comes in.
    expect([...both].sort()).toEqual(["0,0,60,120", "60,120,200,0"]);
    // Inverted, then solarised at 142 (step 4), and the other way round.
    expect([...applyPolicy(picture, [29, 37], createRandom(1)).bytes]).toEqual([0, 60, 135, 55]);
    expect([...applyPolicy(picture, [37, 29], createRandom(1)).bytes]).toEqual([255, 195, 135, 200]);
  });

  it("is the same bit by bit under a seed, differs between seeds, and draws per picture", () => {
    const one = drawBatch(createRandom(1), [...shape], 4, 1);
    const batch = {
      inputs: tensor(
        [6, ...shape],
        new Float64Array(6 * 192).map((_, i) => one.inputs.data[i % 192]!),
      ),
      labels: [0, 1, 2, 3, 0, 1],
    };
    const data = (seed: number) => [...transformed(batch, {}, seed).inputs.data];
    expect(data(1)).toEqual(data(1));
    expect(data(1)).not.toEqual(data(2));
    const rows = Array.from({ length: 6 }, (_, row) =>
      data(1)
        .slice(192 * row, 192 * (row + 1))
        .join(),
    );
    expect(new Set(rows).size).toBeGreaterThan(3);
    expect(transformed(batch, {}, 1).labels).toEqual(batch.labels);
  });

  it("works on pixels whatever the client made of them", () => {
    const { inputs, labels } = drawBatch(createRandom(2), [...shape], 4, 2);
    const normalization = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.25, 0.3] };
    const channel = (i: number) => Math.floor(i / 64) % 3;
    const seen = inputs.data.map(
      (v, i) => (v - normalization.mean[channel(i)]!) / normalization.deviation[channel(i)]!,
    );
    const plain = transformed({ inputs, labels }, {}, 3).inputs.data;
    const normalised = transformed({ inputs: tensor(inputs.shape, seen), labels }, {}, 3, normalization).inputs.data;
    normalised.forEach((v, i) => {
      expect(v * normalization.deviation[channel(i)]! + normalization.mean[channel(i)]!).toBeCloseTo(plain[i]!, 9);
    });
  });

  it("shifts by at most the padding, fills with black, and mirrors half of the pictures", () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i + 100);
    const batch = {
      inputs: tensor(
        [1, 1, 8, 8],
        Float64Array.from(bytes, (byte) => byte / 255),
      ),
      labels: [0],
    };
    let mirrored = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { data } = transformed(batch, { policies: "", cropPadding: 2 }, seed).inputs;
      const seen = Array.from(data, (value) => Math.round(255 * value));
      const at = seen.findIndex((value, i) => value > 0 && i % 8 > 2 && i % 8 < 5 && i >= 24);
      const step = seen[at + 1]! - seen[at]!;
      if (step === -1) mirrored++;
      const row = Math.floor((seen[at]! - 100) / 8) - Math.floor(at / 8);
      expect(Math.abs(row)).toBeLessThanOrEqual(2);
      expect(seen.filter((value) => value === 0).length).toBeLessThanOrEqual(64 - 36);
    }
    expect(mirrored).toBeGreaterThan(30);
    expect(mirrored).toBeLessThan(70);
    expect([...transformed(batch, { policies: "", ...still }, 1).inputs.data]).toEqual([...batch.inputs.data]);
  });

  it("shows in a round's receipt that it acted, and that it did not", async () => {
    const random = createRandom(1);
    const payload = freshPayload(models.mlp!([...shape], 3), random);
    const drawn = drawBatch(random, [...shape], 3, 2);
    const bytes = drawn.inputs.data.map((value) => Math.round(255 * value) / 255);
    const batch = { ...drawn, inputs: tensor(drawn.inputs.shape, bytes) };
    const record = await playRound({ payload, batch, defenses: [attach(ats, {})] });
    expect(record.receipts[0]!.identity).toBe(false);
    expect(record.clients.get(0)!.batch.inputs.data).not.toEqual(batch.inputs.data);
    const idle = await playRound({ payload, batch, defenses: [attach(ats, { policies: "", ...still })] });
    expect(idle.receipts[0]!.identity).toBe(true);
  });
});

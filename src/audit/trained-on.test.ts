import { expect, it } from "vitest";
import { caseOf } from "../../test/proofs/prove.js";
import { backend, drawBatch } from "../../test/small-round.js";
import inverting from "../attacks/optimization/basic/inverting-gradients.js";
import { createRandom } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import { splitBatch } from "../metrics/image.js";
import { evaluateCase } from "./evaluate.js";
import { compareWithTrained } from "./trained-on.js";

const batch = drawBatch(createRandom(1), [3, 8, 8], 4, 2);
const originals = splitBatch(batch.inputs);
const inverted = {
  ...batch,
  inputs: tensor(
    batch.inputs.shape,
    batch.inputs.data.map((value) => 1 - value),
  ),
};

const flat = { shape: originals[0]!.shape, data: new Float64Array(originals[0]!.data.length).fill(0.5) };
const compare = (
  ...[candidates, of, trained, normalization]: Parameters<typeof compareWithTrained> extends [...infer Four, unknown]
    ? Four
    : never
) => compareWithTrained(candidates, of, trained, normalization, [flat]);

it("is silent where the records themselves were trained on, to the last byte", () => {
  expect(compare(originals, originals, batch, null).notes).toEqual([]);
  const rounded = tensor(
    batch.inputs.shape,
    batch.inputs.data.map((value) => Math.round(255 * value) / 255),
  );
  expect(compare(originals, originals, { ...batch, inputs: rounded }, null).notes).toEqual([]);
  expect(compare([], originals, inverted, null).notes).toEqual([]);
  expect(compare(originals, originals, undefined, null).notes).toEqual([]);
});

it("counts changed pictures that came back, whatever clients made of their pixels", () => {
  expect(compare(splitBatch(inverted.inputs), originals, inverted, null).notes[0]).toMatch(
    /of those 2 changed picture\(s\), 2 came back at 30 dB or more \(best 120\.0 dB\)/,
  );
  expect(compare(originals, originals, inverted, null).notes[0]).toMatch(/, 0 came back/);
  const normalization = { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] };
  const scaled = tensor(
    inverted.inputs.shape,
    inverted.inputs.data.map((value) => (value - 0.5) / 0.25),
  );
  const { notes } = compare(splitBatch(inverted.inputs), originals, { ...inverted, inputs: scaled }, normalization);
  expect(notes[0]).toMatch(/, 2 came back/);
});

it("counts as a leak what came back changed, unless a guess without the update is as near", () => {
  const { leaks } = compare([flat, splitBatch(inverted.inputs)[1]!], originals, inverted, null);
  expect(leaks[0]).toBeNull();
  expect(leaks[1]).toMatch(/^leaked as the defense changed it: 120\.0 dB against the picture that was trained on/);
  const guessed = compareWithTrained(
    splitBatch(inverted.inputs),
    originals,
    inverted,
    null,
    splitBatch(inverted.inputs),
  );
  expect(guessed.leaks).toEqual([null, null]);
  expect(compare(originals, originals, inverted, null).leaks).toEqual([null, null]);
});

it("stands in the notes of a case whose defense changes pictures, and of no other", async () => {
  const options = { iterations: 2 };
  const base = {
    attack: inverting,
    model: "lenet",
    data: { source: "portraits", size: 16 },
    records: [0],
    seed: 1,
    options,
  };
  const tools = { backend, signal: new AbortController().signal, onProgress: () => {} };
  const changes = { id: "ats", options: { policies: "29", cropPadding: 0, flip: false } };
  const plain = await evaluateCase(caseOf({ ...base, labels: "known" }), tools);
  const changed = await evaluateCase(caseOf({ ...base, labels: "known", defense: changes }), tools);
  expect(plain.notes.join()).not.toMatch(/changed the pictures/);
  expect(changed.notes.join()).toMatch(/changed the pictures before training; of those 1 changed picture/);
});

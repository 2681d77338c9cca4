// GI-PIP's term: zero, with no slope, at the error that real pictures have; elsewhere its derivative is the numeric one.
import { describe, expect, it } from "vitest";
import {
  attackContext,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import { compile, createGraph, grad, type Node } from "../../../engine/index.js";
import { createRandom } from "../../../math/random.js";
import { tensor } from "../../../math/tensor.js";
import lenet from "../../../models/lenet.js";
import { trainAutoEncoder } from "../../generators/auto-encoder.js";
import attack, { anomaly } from "./gi-pip.js";

const shape = [3, 16, 16] as const;
const random = createRandom(4);
const context = attackContext(1);
const { backend } = context;
const surrogate = drawBatch(random.split("surrogate"), shape, 4, 40);
const coder = await trainAutoEncoder(surrogate.inputs, { trainingSteps: 40, trainingBatch: 8 }, context);
const raw = { coder, range: { low: [0, 0, 0], scale: [1, 1, 1] } };
const x = drawBatch(random.split("candidate"), shape, 4, 2).inputs.data;

async function valueAndSlope(term: (x: Node) => Node, at: Float64Array | Float32Array) {
  const input = createGraph().input("x", [2, ...shape]);
  const value = term(input);
  const [slope] = grad(value, [input]) as [Node];
  const program = await compile({ value, slope }, { backend, dtype: "float64" });
  try {
    const out = await program.run({ x: at });
    return { value: out.value[0]!, slope: out.slope };
  } finally {
    await program.dispose();
  }
}

describe("the anomaly term", () => {
  it("is 0 and flat at the offset", async () => {
    const { value: error } = await valueAndSlope(coder.error, x);
    const { value, slope } = await valueAndSlope(anomaly(raw, error), x);
    expect(value).toBe(0);
    expect(slope.every((each) => each === 0)).toBe(true);
  });

  it("has the numeric derivative on either side", async () => {
    const { value: error } = await valueAndSlope(coder.error, x);
    for (const offset of [error / 2, 2 * error]) {
      const term = anomaly(raw, offset);
      const { slope } = await valueAndSlope(term, x);
      const direction = new Float64Array(x.length);
      random.split("direction").fillNormal(direction, 0, 1);
      const along = Float64Array.from(slope).reduce((sum, each, i) => sum + each * direction[i]!, 0);
      const step = 1e-6;
      const ahead = await valueAndSlope(
        term,
        Float64Array.from(x, (value, i) => value + step * direction[i]!),
      );
      const behind = await valueAndSlope(
        term,
        Float64Array.from(x, (value, i) => value - step * direction[i]!),
      );
      expect(along).not.toBe(0);
      expect((ahead.value - behind.value) / (2 * step) / along).toBeCloseTo(1, 4);
    }
  });

  it("reads candidates of the model's space as the pixels that they stand for", async () => {
    const range = { low: [-1, 0, 2], scale: [2, 0.5, 4] };
    const moved = Float64Array.from(x, (value, i) => {
      const channel = Math.floor(i / 256) % 3;
      return value * range.scale[channel]! + range.low[channel]!;
    });
    const { value } = await valueAndSlope(anomaly(raw, 0.01), x);
    expect((await valueAndSlope(anomaly({ coder, range }, 0.01), moved)).value).toBeCloseTo(value, 12);
  });
});

describe("gi-pip", () => {
  it("measures the offset on surrogate pictures, unless it is given", async () => {
    const payload = freshPayload(lenet(shape, 4), random.split("net"));
    const batch = drawBatch(random.split("victim"), shape, 4, 1);
    const round = observed(await playRound({ payload, batch }));
    const grants = { updates: { rounds: [round] }, basicKnowledge: knowledge(1), surrogateData: surrogate };
    const options = attack.options.parse({ iterations: 3, trainingSteps: 5 });
    const prepared = await attack.prepare!({ payload, surrogate }, options, context);
    const run = (chosen: typeof options) =>
      attack.run({ observation: observation(grants), prepared, secret: undefined }, chosen, context);
    const measured = (prepared as typeof raw).coder.heldOut.toExponential(2);
    expect((await run(options)).notes.join()).toContain(`the term is 0 at ${measured}`);
    expect((await run({ ...options, offset: 0.25 })).notes.join()).toContain("the term is 0 at 2.50e-1");
    expect((await run(options)).inputs).toEqual(tensor([1, ...shape], (await run(options)).inputs.data));
  });
});

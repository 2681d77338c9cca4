// From a catch to the update that its sample alone would have sent under the rewritten model (spec/attacks-analytic.md 3.2): below the head the
// answer times the batch size, or the difference of two; in the head what follows from the sample's features and level logits.
import type { Update } from "../../../federated/hooks.js";
import { tensor } from "../../../math/tensor.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { biasOf, readHead, rowOf } from "../../labels/head.js";
import type { Catch } from "./fishing-queries.js";

/** An observed round of one sample, labelled as the target whatever its class is: under level logits only the feature map counts. */
export function isolatedRound({ target, payload, answer, below }: Catch, batchSize: number): ObservedRound {
  const { model } = payload;
  const [own, other] = [readHead(answer), below && readHead(below)];
  const row = rowOf(own, target).map((value, i) => value - (other ? rowOf(other, target)[i]! : 0));
  const share = biasOf(own)[target]! - (other ? biasOf(other)[target]! : 0);
  const { classes, head } = model;
  const size = row.length;
  /** p_c - y_c. */
  const errors = Float32Array.from({ length: classes }, (_, c) => (c === target ? -1 : 1 / (classes - 1)));
  const headGradient = new Float32Array(classes * size);
  for (let i = 0; i < headGradient.length; i++)
    headGradient[i] = (errors[Math.floor(i / size)]! * row[i % size]!) / share;
  const update: Update = new Map(
    [...answer.view.update].map(([name, { shape, data }]) => {
      if (name === head.weight) return [name, tensor(shape, headGradient)];
      if (name === head.bias) return [name, tensor(shape, errors)];
      const taken = below?.view.update.get(name)?.data;
      return [
        name,
        tensor(
          shape,
          data.map((value, i) => batchSize * (value - (taken ? taken[i]! : 0))),
        ),
      ];
    }),
  );
  return { round: answer.round, payload, view: { kind: "upload", update } };
}

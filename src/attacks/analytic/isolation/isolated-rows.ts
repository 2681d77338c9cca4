// What the rows of an isolating block say (spec/attacks-analytic.md 4.2 and 4.3): by client the part of each row that only its pictures reached.
// A row carries no bias gradient of one client alone, so that its brightness comes from the bin, or from the largest pixel as in the paper; so it
// does for the two outer bins, which hold all that is darker or brighter than the others.
import { sizeOf, type Tensor } from "../../../math/tensor.js";
import type { BasicKnowledge, ObservedRound } from "../../../threat/observation.js";
import { squaredSum } from "../../optimization/matching.js";
import { modelRange } from "../../optimization/pixels.js";
import { queryOf } from "../bins.js";
import { type Candidate, type Hit, imageRange, keepValid } from "../hits.js";
import { QUERY_WEIGHT } from "./isolating-block.js";

interface RowOptions {
  readonly brightness: "bin" | "max";
  /** Rows whose norm is below this share of the largest are empty. */
  readonly threshold: number;
}

/** What the server keeps to itself. */
export interface Isolated {
  readonly clients: number;
  /** Lowest value of each channel in the space that the model sees. */
  readonly low: readonly number[];
  /** By the bins' weight as it was sent: the brightness above `low` that every bin stands for. */
  readonly centres: WeakMap<Tensor, Float64Array>;
}

/** All hits of every client in a sum of updates, or in one client's own; none where the query was not this server's. */
export function readRows(
  { payload: { model, weights }, view: { update } }: ObservedRound,
  { clients, low, centres: known }: Isolated,
  knowledge: BasicKnowledge,
  { brightness, threshold }: RowOptions,
): Hit[][] {
  const centres = known.get(weights.get(QUERY_WEIGHT)!);
  if (!centres) return [];
  const { data } = update.get(QUERY_WEIGHT)!;
  const size = sizeOf(model.inputShape);
  const plane = model.inputShape[1] * model.inputShape[2];
  const spans = low.map((least, channel) => modelRange(knowledge, channel)[1] - least);
  const rowOf = (client: number, bin: number) => {
    const start = (bin * clients + client) * size;
    return data.subarray(start, start + size);
  };
  const norms = Array.from({ length: clients }, (_, client) =>
    Array.from(centres, (_, bin) => Math.sqrt(squaredSum(rowOf(client, bin)))),
  );
  const largest = Math.max(...norms.flat());
  const pictureOf = (client: number, bin: number): Float64Array => {
    const row = Float64Array.from(rowOf(client, bin));
    const mean = queryOf(row);
    const brightest = row.reduce(
      (most, value, i) => Math.max(most, Math.abs(value) / spans[Math.floor(i / plane)]!),
      0,
    );
    const factor =
      brightness === "bin" && bin > 0 && bin + 1 < centres.length ? centres[bin]! / mean : Math.sign(mean) / brightest;
    return row.map((value, i) => value * factor + low[Math.floor(i / plane)]!);
  };
  return norms.map((own, client) => {
    const candidates = own.flatMap((strength, bin): Candidate[] =>
      strength > threshold * largest ? [{ input: pictureOf(client, bin), strength }] : [],
    );
    return keepValid(candidates, imageRange(knowledge, model.inputShape));
  });
}

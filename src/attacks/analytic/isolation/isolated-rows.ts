// What the rows of an isolating block say (spec/attacks-analytic.md 4.2 and 4.3): by client the part of each row that only its pictures reached.
// A row carries no bias gradient of one client alone, so that its brightness comes from the bin or, as in the paper, from the largest pixel.
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

/** Mean of a picture above the lowest pixel, by bin: the limits, one more than bins, and what each stands for. */
export interface BinScale {
  readonly edges: Float64Array;
  readonly centres: Float64Array;
}

/** What the server keeps to itself. */
export interface Isolated {
  readonly clients: number;
  /** Lowest value of each channel in the space that the model sees. */
  readonly low: readonly number[];
  /** By the bins' weight as it was sent. */
  readonly scales: WeakMap<Tensor, BinScale>;
}

/** All hits of every client in a sum of updates, or in one client's own; none where the query was not this server's. */
export function readRows(
  { payload: { model, weights }, view: { update } }: ObservedRound,
  { clients, low, scales }: Isolated,
  knowledge: BasicKnowledge,
  { brightness, threshold }: RowOptions,
): Hit[][] {
  const scale = scales.get(weights.get(QUERY_WEIGHT)!);
  if (!scale) return [];
  const { edges, centres } = scale;
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
    // To a largest pixel of full intensity, which many pictures have: exact where that lies in the bin.
    const full = Math.sign(mean) / brightest;
    const admitted = edges[bin]! <= full * mean && full * mean <= edges[bin + 1]!;
    const factor = brightness === "max" || admitted ? full : centres[bin]! / mean;
    return row.map((value, i) => value * factor + low[Math.floor(i / plane)]!);
  };
  return norms.map((own, client) => {
    const candidates = own.flatMap((strength, bin): Candidate[] =>
      strength > threshold * largest ? [{ input: pictureOf(client, bin), strength }] : [],
    );
    return keepValid(candidates, imageRange(knowledge, model.inputShape));
  });
}

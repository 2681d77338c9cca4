// What flows along the edges of an ONNX graph while it is traced: numbers known before the model runs (shapes, axes, constants), and nodes.
import type { FloatArray, Shape } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";

export type ElementKind = "float" | "int" | "bool";

/** Numbers that are known; whole numbers and truth values are held as floats too. */
export interface Known {
  readonly kind: ElementKind;
  readonly shape: Shape;
  readonly data: FloatArray;
  /** Name of the initialiser that these numbers are, if they are one: it may be something learnt. */
  readonly initialiser?: string;
}

/**
 * Which axis of a value the samples lie along: its entries count through `outer` repeats, then the samples, then what belongs to one sample.
 * `none` where the value does not depend on the input, `lost` where samples may be mixed.
 */
export type Batch = { readonly axis: number; readonly outer: number } | "none" | "lost";

/** Samples along a whole axis, each in one run. */
export const along = (axis: number): Batch => ({ axis, outer: 1 });

export const sameBatch = (a: Batch, b: Batch): boolean =>
  typeof a === "string" || typeof b === "string" ? a === b : a.axis === b.axis && a.outer === b.outer;

/** Whether the samples lie along this very axis. */
export const liesAlong = (batch: Batch, axis: number): boolean => typeof batch !== "string" && batch.axis === axis;

/** Whether the samples are the first axis, each in one run. */
export const isInFront = (batch: Batch): boolean => sameBatch(batch, along(0));

/** The batch with its axis moved to where `to` says. */
export const onAxis = (batch: Batch, to: (axis: number) => number): Batch =>
  typeof batch === "string" ? batch : { ...batch, axis: to(batch.axis) };

/** A value computed by the graph. */
export interface Traced {
  /** Of shape `shape`, or [parts, ...shape]. */
  readonly node: Node;
  readonly shape: Shape;
  readonly batch: Batch;
  /** Number of parts where the value is made of parameters in parts (ops/parts.ts). */
  readonly parts?: number;
  /** Whether anything learnt has gone into it. */
  readonly learnt: boolean;
  /** Set where the value is a parameter as stored, or its transpose. */
  readonly source?: { readonly initialiser: string; readonly flipped: boolean };
  /** Set where the value is what a fully connected layer gives. */
  readonly dense?: Dense;
  /** What a softmax was taken of, where the value is one. */
  readonly logits?: Traced;
}

/** A fully connected layer. */
export interface Dense {
  readonly weight: string;
  /** Whether the weight is stored as [outputs, inputs]. */
  readonly rowsByOutput: boolean;
  readonly bias?: string;
  readonly input: Traced;
}

export type Value = Known | Traced;

export const isKnown = (value: Value): value is Known => "data" in value;

/** Whether numbers may be computed with right away: nothing that may be learnt. */
export const isConstant = (value: Value): value is Known => isKnown(value) && value.initialiser === undefined;

export const integers = (values: readonly number[], shape: Shape = [values.length]): Known => ({
  kind: "int",
  shape,
  data: Float64Array.from(values),
});

/** `a` without what is only true of the very node: where it came from. */
export const plain = ({ node, shape, batch, parts, learnt }: Traced): Traced => ({
  node,
  shape,
  batch,
  learnt,
  ...(parts === undefined ? {} : { parts }),
});

// Which form a convolution takes, by member, precision and shapes: the measured table of spec/engine.md section 3, re-measured by
// `npm run bench:forms`. Rows are read from the top; the first that fits counts.
import { sizeOf } from "../../math/tensor.js";
import type { Node } from "../graph.js";
import type { LoweringContext, OpFamily } from "../rule.js";
import { convolutionRules } from "./convolution.js";
import { canMirror, canSwap, convolutionFormOps, forms, withoutParts } from "./convolution-forms.js";
import { windowOf } from "./window.js";

type Member = keyof typeof forms;
type FormOf<M extends Member> = keyof (typeof forms)[M] & string;

/** What the choice depends on. `positions` = samples times output positions. */
export interface ConvolutionCase {
  readonly dtype: "float32" | "float64";
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly groups: number;
  /** Numbers in the weight. */
  readonly weights: number;
  readonly positions: number;
  /** Width of the smaller map. */
  readonly extent: number;
  readonly stride: number;
  /** The weight is a bound input or a constant. */
  readonly constantWeight: boolean;
}

interface Row<M extends Member> {
  readonly form: FormOf<M>;
  readonly when?: (shapes: ConvolutionCase) => boolean;
}

const float64 = ({ dtype }: ConvolutionCase) => dtype === "float64";

export const policy: { readonly [M in Member]: readonly Row<M>[] } = {
  conv: [
    { form: "matrix", when: float64 },
    { form: "matrix", when: ({ constantWeight, extent, channels }) => constantWeight && extent <= 4 && channels >= 64 },
    { form: "direct" },
  ],
  convInputGrad: [
    { form: "matrix", when: float64 },
    { form: "mirrored", when: ({ groups, channels }) => groups > 1 && groups === channels },
    {
      form: "mirrored",
      when: ({ constantWeight, channels, extent, batch }) =>
        constantWeight && channels >= 8 && (extent > 4 || batch >= 8),
    },
    { form: "transposed", when: ({ constantWeight }) => constantWeight },
    // Mirroring a large kernel at run time costs more than it brings.
    {
      form: "mirrored",
      when: ({ batch, channels, weights }) => batch > 1 && channels >= 32 && weights <= 64 * 64 * 9,
    },
    { form: "columns", when: ({ extent, channels }) => extent <= 4 && channels >= 64 },
    { form: "transposed" },
  ],
  convWeightGrad: [
    { form: "matrix", when: float64 },
    { form: "unfolded", when: ({ channels, groups }) => channels <= 4 || groups > 1 },
    { form: "matrix" },
  ],
};

/** Forms that a node's geometry rules out. */
const able: Readonly<Record<string, (node: Node) => boolean>> = {
  mirrored: canMirror,
  swapped: canSwap,
  together: (node) => windowOf(node).groups === 1,
  columns: (node) => windowOf(node).groups === 1 && node.shape[1]! > 1,
};

/** The members' shapes by role. */
export function caseOf(node: Node, { dtype, isConstant }: LoweringContext): ConvolutionCase {
  const [a, b] = node.inputs as [Node, Node];
  const [x, w, y] = node.op === "conv" ? [a, b, node] : node.op === "convInputGrad" ? [node, b, a] : [a, node, b];
  const { strides, groups } = windowOf(node);
  return {
    dtype,
    batch: x.shape[0]!,
    channels: x.shape[1]!,
    filters: y.shape[1]!,
    groups,
    weights: sizeOf(w.shape),
    positions: y.shape[0]! * sizeOf(y.shape.slice(2)),
    extent: y.shape[3]!,
    stride: Math.max(...strides),
    constantWeight: node.op !== "convWeightGrad" && isConstant(b),
  };
}

function lowerMember<M extends Member>(member: M, node: Node, context: LoweringContext): Node | null {
  const bare = withoutParts(node);
  if (bare) return bare;
  const shapes = caseOf(node, context);
  const forced = context.forms?.[member] as FormOf<M> | undefined;
  const rows: readonly Row<M>[] =
    forced && shapes.dtype === "float32" ? [{ form: forced }, ...policy[member]] : policy[member];
  const fits = ({ form, when }: Row<M>) => (able[form]?.(node) ?? true) && (when?.(shapes) ?? true);
  const { form } = rows.find(fits)!;
  return (forms[member] as Record<string, (node: Node) => Node | null>)[form]!(node);
}

export const convolutionOps: OpFamily = {
  ...convolutionFormOps,
  ...Object.fromEntries(
    (Object.keys(convolutionRules) as Member[]).map((member) => [
      member,
      { ...convolutionRules[member], lower: (node, _, context) => lowerMember(member, node, context) },
    ]),
  ),
};

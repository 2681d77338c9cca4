// Gathers rows of a matrix by the geometry of a sliding window: the im2col of `convolution-matmul.ts`. The indices are written out at
// emission only, so that nodes stay small. Made by lowering, after differentiation, hence without a gradient rule.
import type { Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import type { Window } from "./window.js";

type Pair = readonly [number, number];

/** A window over a batch of maps, with the extents of input, kernel and output. */
export interface WindowGeometry extends Omit<Window, "groups"> {
  readonly batch: number;
  readonly input: Pair;
  readonly kernel: Pair;
  readonly output: Pair;
}

/** One spatial axis of the input, split by position modulo stride. */
interface Phases {
  /** Number of phases, the stride. */
  readonly count: number;
  /** Positions in the longest phase. */
  readonly positions: number;
  /** Kernel entries in the longest phase. */
  readonly taps: number;
  /** Kernel entries that reach a phase, padded by -1 to `taps`. */
  readonly entries: readonly (readonly number[])[];
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

function phasesOfAxis({ strides, pads, dilations, input, kernel }: WindowGeometry, axis: 0 | 1): Phases {
  const stride = strides[axis];
  const reaching = upTo(stride).map((phase) =>
    upTo(kernel[axis]).filter((entry) => (phase + pads[axis] - entry * dilations[axis]) % stride === 0),
  );
  const taps = Math.max(...reaching.map((entries) => entries.length));
  const entries = reaching.map((list) => [...list, ...upTo(taps - list.length).map(() => -1)]);
  return { count: stride, positions: Math.ceil(input[axis] / stride), taps, entries };
}

/** The phases of both axes. */
export const phasesOf = (geometry: WindowGeometry): [Phases, Phases] => [
  phasesOfAxis(geometry, 0),
  phasesOfAxis(geometry, 1),
];

/** For every entry of `rows` × `columns` (lists of positions, -1 for none): flat positions in maps of `extents`, map by map. */
function crossed(
  maps: number,
  extents: Pair,
  rows: readonly (readonly number[])[],
  columns: readonly (readonly number[])[],
) {
  const indices: number[] = [];
  for (let map = 0; map < maps; map++)
    for (const row of rows)
      for (const column of columns)
        for (const i of row)
          for (const j of column) indices.push(i < 0 || j < 0 ? -1 : (map * extents[0] + i) * extents[1] + j);
  return indices;
}

const within = (position: number, extent: number) => (position >= 0 && position < extent ? position : -1);

/** Row indices of each pattern; -1 stands for a row of zeros. */
const patterns = {
  /** [map, output row, output column, kernel row, kernel column] to input pixels. */
  window(geometry: WindowGeometry): number[] {
    const { strides, pads, dilations, batch, input, kernel, output } = geometry;
    const seen = (axis: 0 | 1) =>
      upTo(output[axis]).map((o) =>
        upTo(kernel[axis]).map((k) => within(o * strides[axis] + k * dilations[axis] - pads[axis], input[axis])),
      );
    return crossed(batch, input, seen(0), seen(1));
  },
  /** [row phase, column phase, map, position, tap] to output pixels. */
  adjoint(geometry: WindowGeometry): number[] {
    const { strides, pads, dilations, batch, output } = geometry;
    const phases = phasesOf(geometry);
    const reached = (axis: 0 | 1, phase: number) =>
      upTo(phases[axis].positions).map((position) =>
        phases[axis].entries[phase]!.map((k) => {
          const o = (position * strides[axis] + phase + pads[axis] - k * dilations[axis]) / strides[axis];
          return k < 0 ? -1 : within(o, output[axis]);
        }),
      );
    return upTo(strides[0]).flatMap((i) =>
      upTo(strides[1]).flatMap((j) => crossed(batch, output, reached(0, i), reached(1, j))),
    );
  },
  /** [row phase, column phase, tap] to kernel entries. */
  kernel(geometry: WindowGeometry): number[] {
    const [rows, columns] = phasesOf(geometry);
    return rows.entries.flatMap((i) => columns.entries.flatMap((j) => crossed(1, geometry.kernel, [i], [j])));
  },
};

/** Rows of `x` [R, C] in the order of a pattern: [number of indices, C]. */
export function gatherRows(x: Node, pattern: keyof typeof patterns, geometry: WindowGeometry): Node {
  const { strides, kernel, output, batch } = geometry;
  const [rows, columns] = phasesOf(geometry);
  const area = (pair: Pair) => pair[0] * pair[1];
  const taps = area(strides) * rows.taps * columns.taps;
  const counts = {
    window: batch * area(output) * area(kernel),
    adjoint: batch * rows.positions * columns.positions * taps,
    kernel: taps,
  };
  return x.graph.node("gatherRows", [x], { pattern, ...geometry }, [counts[pattern], x.shape[1]!]);
}

export const gatherRowsOps: OpFamily = {
  gatherRows: {
    emit: (node, emitter) => {
      const x = node.inputs[0]!;
      const pattern = node.attributes.pattern as keyof typeof patterns;
      const indices = patterns[pattern](node.attributes as unknown as WindowGeometry);
      const name = emitter.nameOf(x);
      if (indices.length === x.shape[0] && indices.every((index, position) => index === position)) return name;
      // The runtime counts -1 from the end, where the zeros are.
      const zeroRow = [0, 0, 1, 0];
      const rows = indices.includes(-1) ? emitter.node("Pad", [name, emitter.integers(zeroRow)]) : name;
      return emitter.node("Gather", [rows, emitter.integers(indices)], { axis: 0 });
    },
  },
};

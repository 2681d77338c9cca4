// Geometry of a sliding window, shared by convolutions and pooling.
import type { Node } from "../graph.js";

export interface Window {
  /** Vertical, horizontal. */
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

export interface WindowOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** A square window with equal padding on all sides. */
export function squareWindow({ stride = 1, padding = 0, dilation = 1, groups = 1 }: WindowOptions): Window {
  return {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    dilations: [dilation, dilation],
    groups,
  };
}

/** The window that a node of the family was made with. */
export const windowOf = (node: Node): Window => node.attributes as unknown as Window;

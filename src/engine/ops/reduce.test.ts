import { describe, expect, it } from "vitest";
import { testOpCases } from "../../../test/op-cases.js";
import { createGraph, GraphError } from "../graph.js";
import { square } from "./elementwise.js";
import { broadcastShape, broadcastTo, sum, sumTo } from "./reduce.js";

testOpCases("reduce", {
  sum: ([x], { axes, keep }: { axes: number[]; keep: boolean }) => sum(x!, axes, keep),
  sumSquare: ([x]) => sum(square(x!)),
  broadcastTo: ([x], { shape }: { shape: number[] }) => broadcastTo(x!, shape),
  sumTo: ([x], { shape }: { shape: number[] }) => sumTo(x!, shape),
});

describe("sums and broadcasts", () => {
  const graph = createGraph();
  const x = graph.input("x", [2, 1, 3]);

  it("are the node itself where nothing changes", () => {
    expect(sum(x, [])).toBe(x);
    expect(sum(x, [1], true)).toBe(x);
    expect(sumTo(x, [2, 1, 3])).toBe(x);
    expect(broadcastTo(x, [2, 1, 3])).toBe(x);
  });

  it("drop an axis of extent 1 by a reshape", () => {
    expect(sum(x, [1])).toMatchObject({ op: "reshape", shape: [2, 3] });
  });

  it("refuse axes and shapes that do not fit", () => {
    expect(() => sum(x, [-1])).toThrow(new GraphError("sum: [2,1,3] has no axis -1; axes count from 0"));
    expect(() => sum(x, [3])).toThrow(GraphError);
    expect(() => broadcastTo(x, [2, 4, 4])).toThrow(GraphError);
    expect(() => broadcastTo(x, [3])).toThrow("broadcastTo: [2,1,3] does not broadcast to [3]");
    expect(broadcastShape([4, 1], [2, 1, 3])).toEqual([2, 4, 3]);
  });
});

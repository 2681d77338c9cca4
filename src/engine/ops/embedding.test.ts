import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { tensor } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { square, sub } from "./elementwise.js";
import { embedding, oneHot } from "./embedding.js";
import { reshape } from "./layout.js";
import { matmul } from "./matmul.js";
import { inParts } from "./parts.js";
import { sum } from "./reduce.js";

interface Options {
  readonly ids: number[] | number[][];
}

function constantIds({ graph }: Node, { ids }: Options): Node {
  const rows = Array.isArray(ids[0]) ? ids.length : undefined;
  const flat = Float64Array.from(ids.flat());
  return graph.constant(tensor(rows ? [rows, flat.length / rows] : [flat.length], flat));
}

testOpCases("embedding", {
  embedding: ([table], options: Options) => square(embedding(table!, constantIds(table!, options))),
  embeddingInParts: ([table], options: Options) => square(embedding(table!, constantIds(table!, options))),
  oneHot: ([table], options: Options) => {
    const chosen = oneHot(constantIds(table!, options), 6);
    return reshape(matmul(reshape(chosen, [4, 6]), table!), [2, 2, 2]);
  },
});

const backend = nodeCpu({ threads: 1 });

describe("embedding", () => {
  it("takes ids at run time and gives the gradient of each part of a shared table", async () => {
    const graph = createGraph();
    const table = graph.input("table", [4, 2]);
    const tables = inParts(table, 2);
    const ids = graph.input("ids", [4, 3]);
    const read = embedding(tables, ids);
    const [perPart, whole] = grad(sum(read), [tables, table]);
    // A step of gradient matching: the gradient's distance to a target, differentiated to the table.
    const matching = grad(sum(square(sub(grad(sum(square(read)), [tables])[0]!, 1))), [table])[0]!;
    for (const dtype of ["float32", "float64"] as const) {
      const nodes = { read, perPart: perPart!, whole: whole!, matching };
      const program = await compile(nodes, { backend, dtype });
      const x = draw(1, 8);
      const chosen = [3, 0, 3, 1, 1, 1, 2, 0, 0, 0, 3, 2];
      const results = await program.run({ table: x, ids: Float64Array.from(chosen) });
      await program.dispose();
      expect(Array.from(results.read)).toEqual(chosen.flatMap((id) => [x[2 * id], x[2 * id + 1]]));
      const counts = [0, 1].map((part) =>
        [0, 1, 2, 3].map((id) => chosen.slice(6 * part, 6 * part + 6).filter((c) => c === id).length),
      );
      expect(Array.from(results.perPart)).toEqual(counts.flat().flatMap((count) => [count, count]));
      expect(Array.from(results.whole)).toEqual(
        [1, 1, 1, 1, 1, 1, 1, 1].map((_, i) => counts[0]![i >> 1]! + counts[1]![i >> 1]!),
      );
      // d/dx Σ (2 n x - 1)² = 4 n (2 n x - 1), for each part's count n.
      const expected = Array.from(x, (value, i) =>
        counts.reduce((total, part) => total + 4 * part[i >> 1]! * (2 * part[i >> 1]! * value - 1), 0),
      );
      results.matching.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, dtype === "float32" ? 4 : 12);
      });
    }
  });

  it("rejects a run with ids beyond the table", async () => {
    const graph = createGraph();
    const read = embedding(graph.input("table", [4, 2]), graph.input("ids", [1]));
    const program = await compile({ read }, { backend, dtype: "float32" });
    await expect(program.run({ table: draw(1, 8), ids: Float64Array.of(4) })).rejects.toThrow("out of data bounds");
    await program.dispose();
  });

  it("refuses tables that are none, and batches that do not divide into parts", () => {
    const graph = createGraph();
    const ids = graph.input("ids", [3, 5]);
    expect(() => embedding(graph.input("vector", [4]), ids)).toThrow(
      new GraphError("embedding: expected a table [V, D] or [P, V, D], got [4]"),
    );
    expect(() => embedding(graph.input("tables", [2, 4, 3]), ids)).toThrow("a batch of 3 does not divide into 2 parts");
  });
});

describe("oneHot", () => {
  it("has zeros for ids that name no class", async () => {
    const rows = oneHot(createGraph().input("ids", [2, 2]), 3);
    const program = await compile({ rows }, { backend, dtype: "float64" });
    const results = await program.run({ ids: Float64Array.of(2, -1, 0, 3) });
    await program.dispose();
    expect(Array.from(results.rows)).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });
});

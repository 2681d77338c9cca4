// Issue 4's figure: LeNet on the demo set, 20 rounds of 10 clients, in under a minute on two cores, with its accuracy after every round.
import { expect, it } from "vitest";
import type { Partition } from "../../src/data/partition.js";
import { trainOnPortraits } from "../portrait-federation.js";
import { note } from "./prove.js";

const ROUNDS = 20;
const percent = (share: number) => Math.round(100 * share);

it.each<[string, Partition]>([
  ["iid", { kind: "iid" }],
  ["Dirichlet 0.5", { kind: "dirichlet", alpha: 0.5 }],
  ["two shards each", { kind: "shards", perClient: 2 }],
])("federation: 20 rounds of 10 clients, %s", async (name, partition) => {
  const { accuracies, seconds, cpuSeconds } = await trainOnPortraits(ROUNDS, partition);
  expect(accuracies).toHaveLength(ROUNDS);
  const held = note({
    proof: `federation: lenet by FedAvg, ${ROUNDS} rounds of 10 clients, ${name}`,
    pictures: "drawn portraits",
    unit: "% of held-out portraits, by round",
    measured: accuracies.map(percent),
    summary: `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of one core); ${percent(accuracies.at(-1)!)} % at the end`,
    bar: "< 60 s",
    held: seconds < 60,
    seconds: Math.round(seconds),
  });
  expect(held).toBe(true);
});

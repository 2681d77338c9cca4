// LeNet on the demo set, a short run of what test/proofs/federation.proof.ts trains for 20 rounds.
import { expect, it } from "vitest";
import { trainOnPortraits } from "./portrait-federation.js";

it("ten clients train LeNet on portraits: four times chance after two rounds, at a pace of 20 rounds in a minute", async () => {
  const { accuracies, losses, cpuSeconds } = await trainOnPortraits(2, { kind: "iid" });
  expect(accuracies).toHaveLength(2);
  expect(accuracies[1]).toBeGreaterThan(0.5);
  expect(losses[1]).toBeLessThan(losses[0]! / 1.5);
  // Of the CPU, since other tests run beside this one.
  expect(10 * cpuSeconds).toBeLessThan(60);
});

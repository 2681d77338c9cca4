import { describe, expect, it } from "vitest";
import { plainProtocol } from "../federated/protocol.js";
import { detailsOf } from "./details.js";

describe("training details", () => {
  it("of FedSGD are one step at the server's rate", () => {
    expect(detailsOf({ ...plainProtocol, serverLearningRate: 0.5, mode: "train" }, 7)).toEqual({
      algorithm: "FedSGD",
      learningRate: 0.5,
      localEpochs: 1,
      batchSize: 1,
      sampleCount: 7,
      mode: "train",
    });
  });

  it("of FedAvg are the clients' optimiser, and how many steps it took", () => {
    const optimiser = { batchSize: 3, localEpochs: 2, learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 };
    expect(detailsOf({ ...plainProtocol, algorithm: { kind: "FedAvg", ...optimiser } }, 8)).toEqual({
      algorithm: "FedAvg",
      ...optimiser,
      sampleCount: 8,
      mode: "eval",
      steps: 6,
    });
  });
});

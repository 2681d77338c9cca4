// Training details as the capability of that name hands them over.
import type { Protocol } from "../federated/protocol.js";
import type { TrainingDetails } from "./observation.js";

/** How a client with that many samples trains under `protocol`. */
export function detailsOf({ algorithm, mode, serverLearningRate }: Protocol, sampleCount: number): TrainingDetails {
  const { kind, batchSize } = algorithm;
  if (kind === "FedSGD") {
    return { algorithm: kind, learningRate: serverLearningRate, localEpochs: 1, batchSize, sampleCount, mode };
  }
  const { localEpochs, learningRate, momentum, weightDecay } = algorithm;
  const steps = localEpochs * Math.ceil(sampleCount / batchSize);
  return { algorithm: kind, learningRate, localEpochs, batchSize, sampleCount, mode, momentum, weightDecay, steps };
}

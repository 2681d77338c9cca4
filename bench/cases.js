// What is measured, as data: the cases of spec/engine.md section 1 and those of the first attacks. Nets are models by
// id, on 32x32 images with ten classes; nets.py repeats their forward pass for PyTorch.

/**
 * One gradient-matching step. Name and batch together are unique.
 * @typedef {object} Case
 * @property {string} name
 * @property {string} model
 * @property {number} batch images per candidate
 * @property {"l2" | "cosine"} distance
 * @property {"float32" | "float64"} dtype
 * @property {boolean} ghost weight gradients stay unformed where that is faster, as inverting-gradients has it
 * @property {number} [localSteps] the update is that of so many SGD steps on the batch (FedAvg); else a gradient
 * @property {number} [restarts] candidates in one graph; times are then per candidate
 */

export const INPUT = [3, 32, 32];
export const CLASSES = 10;

const l2 = { distance: "l2", dtype: "float32", ghost: true };
const cosine = { ...l2, distance: "cosine" };
const float64 = { dtype: "float64", ghost: false };

/** @type {readonly Case[]} */
export const cases = [
  { name: "lenet/l2", model: "lenet", batch: 1, ...l2 },
  { name: "lenet/l2", model: "lenet", batch: 8, ...l2 },
  { name: "lenet/cosine", model: "lenet", batch: 1, ...cosine },
  { name: "lenet/l2/float64", model: "lenet", batch: 1, ...l2, ...float64 },
  { name: "lenet-wide/l2", model: "lenet-wide", batch: 1, ...l2 },
  { name: "convnet/l2", model: "convnet", batch: 1, ...l2 },
  { name: "convnet/l2", model: "convnet", batch: 8, ...l2 },
  { name: "convnet8/l2", model: "convnet8", batch: 1, ...l2 },
  { name: "convnet8/l2", model: "convnet8", batch: 8, ...l2 },
  { name: "convnet8/cosine", model: "convnet8", batch: 1, ...cosine },
  { name: "resnet18/l2", model: "resnet18", batch: 1, ...l2 },
  { name: "resnet18/l2", model: "resnet18", batch: 4, ...l2 },
  { name: "resnet18/l2", model: "resnet18", batch: 16, ...l2 },
  { name: "resnet18/cosine", model: "resnet18", batch: 1, ...cosine },
  { name: "resnet18/cosine", model: "resnet18", batch: 4, ...cosine },
  { name: "lenet/l2/fedavg-5", model: "lenet", batch: 1, ...l2, ghost: false, localSteps: 5 },
  { name: "lenet/l2/fedavg-5", model: "lenet", batch: 8, ...l2, ghost: false, localSteps: 5 },
  { name: "lenet/l2/restarts-8", model: "lenet", batch: 1, ...l2, restarts: 8 },
  { name: "lenet/l2/restarts-32", model: "lenet", batch: 1, ...l2, restarts: 32 },
];

/** NAME:BATCH. */
export const labelOf = ({ name, batch }) => `${name}:${batch}`;

/** The one case with this label. */
export const caseOf = (label) => cases.find((each) => labelOf(each) === label);

/** What is measured beside the cases, without PyTorch. */
export const extras = ["workers", "footprint"];

/** The cases called `label`, which is NAME or NAME:BATCH. Throws RangeError when there is none. */
export function selectCases(label) {
  const selected = cases.filter((each) => each.name === label || labelOf(each) === label);
  if (selected.length > 0) return selected;
  throw new RangeError(`no case "${label}"; known are ${[...cases.map(labelOf), ...extras].join(", ")}`);
}

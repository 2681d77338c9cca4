// What is measured, as data. The layer lists repeat src/models for the peer, which has no access to ours; the check that both compute
// the same values (measure.js) would fail if they drifted apart. `units` of work: spec/engine.md section 1.

/**
 * @typedef {{ filters: number, kernel: number, stride: number, padding: number }} Convolution
 * @typedef {{ input: number[], classes: number, activation: "sigmoid" | "relu", convolutions: Convolution[] }} Net
 * @typedef {{ name: string, model: string, batch: number, distance: "l2" | "cosine", dtype: "float32" | "float64" }} Case
 */

const five = (filters, stride) => ({ filters, kernel: 5, stride, padding: 2 });
const three = (filters, stride) => ({ filters, kernel: 3, stride, padding: 1 });
const cifar = { input: [3, 32, 32], classes: 10 };

/** @type {Record<string, Net>} Nets by model id; each ends in a linear layer onto the classes. */
export const nets = {
  lenet: { ...cifar, activation: "sigmoid", convolutions: [five(12, 2), five(12, 2), five(12, 1)] },
  "lenet-wide": { ...cifar, activation: "relu", convolutions: [five(64, 2), five(64, 2), five(64, 1)] },
  convnet: { ...cifar, activation: "relu", convolutions: [three(32, 1), three(32, 2), three(64, 2)] },
};

const float32 = { dtype: "float32" };

/** @type {Case[]} One gradient-matching step each. Name and batch together are unique. */
export const cases = [
  { name: "lenet/l2", model: "lenet", batch: 1, distance: "l2", ...float32 },
  { name: "lenet/l2", model: "lenet", batch: 8, distance: "l2", ...float32 },
  { name: "lenet/cosine", model: "lenet", batch: 1, distance: "cosine", ...float32 },
  { name: "lenet/l2/float64", model: "lenet", batch: 1, distance: "l2", dtype: "float64" },
  { name: "lenet-wide/l2", model: "lenet-wide", batch: 1, distance: "l2", ...float32 },
  { name: "convnet/l2", model: "convnet", batch: 1, distance: "l2", ...float32 },
  { name: "convnet/l2", model: "convnet", batch: 8, distance: "l2", ...float32 },
];

/** The cases called `label`, which is NAME or NAME:BATCH. Throws RangeError when there is none. */
export function selectCases(label) {
  const [name, batch] = label.split(":");
  const selected = cases.filter((c) => c.name === name && (batch === undefined || String(c.batch) === batch));
  if (selected.length > 0) return selected;
  throw new RangeError(`no case "${label}"; known are ${cases.map((c) => `${c.name}:${c.batch}`).join(", ")}`);
}

/**
 * Floating point operations of one step, convolutions and linear layers only. A layer's forward pass is applied 7 times: 1 forward,
 * 2 backward, 4 in the second backward pass. The first layer's is applied 5 times, as training needs no gradient of its input.
 */
export function stepFlops({ model, batch }) {
  const { input, classes, convolutions } = nets[model];
  let [channels, height, width] = input;
  let total = 0;
  convolutions.forEach(({ filters, kernel, stride, padding }, position) => {
    const extent = (size) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
    [height, width] = [extent(height), extent(width)];
    total += (position === 0 ? 5 : 7) * 2 * filters * height * width * channels * kernel * kernel;
    channels = filters;
  });
  return batch * (total + 7 * 2 * channels * height * width * classes);
}

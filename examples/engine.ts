// The engine alone: reads a picture out of its gradient on a fresh LeNet (Zhu et al. 2019, label known), then trains the net on such pictures.
import * as engine from "leakscope/engine";
import { nodeCpu } from "leakscope/engine/node-cpu";

const options = { backend: nodeCpu({ threads: 1 }), dtype: "float64" } as const;
const fill = (size: number, value: (i: number) => number) => Float64Array.from({ length: size }, (_, i) => value(i));
const random = (i: number) => Math.abs(43758.5453 * Math.sin(12.9898 * i)) % 1;
/** Ellipses of 16x16 pixels and one-hot labels: the class says which half-axes are long; place and grey are random. */
function draw(count: number, seed: number) {
  const trait = (picture: number, k: number) => random(4 * (seed + picture) + k);
  const label = (picture: number) => Math.floor(4 * trait(picture, 0));
  const x = fill(256 * count, (i) => {
    const across = ((i & 15) - 5 - 5 * trait(i >> 8, 1)) / (label(i >> 8) & 1 ? 6 : 2);
    const down = (((i >> 4) & 15) - 5 - 5 * trait(i >> 8, 2)) / (label(i >> 8) & 2 ? 6 : 2);
    return (0.5 + trait(i >> 8, 3) / 2) * Math.min(1, Math.max(0, 1.5 - Math.hypot(across, down)));
  });
  return { x, labels: fill(4 * count, (i) => Number(label(i >> 2) === (i & 3))) };
}
/** LeNet on a batch, with all its parameters in one vector. */
function lenet(batch: number) {
  const graph = engine.createGraph();
  const [x, weights] = [graph.input("x", [batch, 1, 16, 16]), graph.input("weights", [8308])];
  const take = (from: number, size: number) => engine.slice(weights, [from], [size]);
  const layer = (h: engine.Node, from: number, channels: number, stride: number) => {
    const filters = engine.reshape(take(from, 300 * channels), [12, channels, 5, 5]);
    const sums = engine.conv(h, filters, engine.squareWindow({ stride, padding: 2 }));
    return engine.sigmoid(engine.add(sums, engine.channelwise(take(from + 300 * channels, 12), sums)));
  };
  const features = engine.reshape(layer(layer(layer(x, 0, 1, 2), 312, 12, 2), 3924, 12, 1), [batch, 192]);
  const logits = engine.linear(features, engine.reshape(take(7536, 768), [4, 192]), take(8304, 4));
  const loss = engine.crossEntropy(logits, graph.input("labels", [batch, 4]));
  return { x, outputs: { loss, logits, slope: engine.grad(loss, [weights])[0]! } };
}
/** 600 steps of Adam (Kingma and Ba 2015) on `x`, in place. */
async function adam(x: Float64Array, rate: number, slopeAt: (step: number) => Promise<ArrayLike<number>>) {
  const [mean, square] = [fill(x.length, () => 0), fill(x.length, () => 0)];
  for (let step = 1; step <= 600; step++) {
    for (const [i, slope] of Array.from(await slopeAt(step)).entries()) {
      mean[i] = 0.9 * mean[i]! + 0.1 * slope;
      square[i] = 0.999 * square[i]! + 0.001 * slope * slope;
      x[i]! -= (rate * mean[i]!) / (1 - 0.9 ** step) / (Math.sqrt(square[i]! / (1 - 0.999 ** step)) + 1e-12);
    }
  }
}
const weights = fill(8308, (i) => random(i) - 0.5);
const [secret, guess] = [draw(1, 3), fill(256, () => 0.5)];
const { x, outputs } = lenet(1);
const { slope: sent } = await (await engine.compile(outputs, options)).run({ ...secret, weights });
const distance = engine.sum(engine.square(engine.sub(outputs.slope, x.graph.input("sent", [8308]))));
const attack = await engine.compile({ slope: engine.grad(distance, [x])[0]! }, options);
await adam(guess, 0.1, async () => (await attack.run({ ...secret, x: guess, weights, sent })).slope);
const mse = (x: Float64Array) => x.reduce((sum, value, i) => sum + (value - secret.x[i]!) ** 2 / 256, 0);
const psnr = (x: Float64Array) => (-10 * Math.log10(mse(x))).toFixed(1);
console.log(`inverted: PSNR ${psnr(guess)} dB, where plain grey has ${psnr(fill(256, () => 0.5))} dB`);
const training = await engine.compile(lenet(32).outputs, options);
await adam(weights, 0.01, async (step) => (await training.run({ ...draw(32, 32 * step), weights })).slope);
const { labels, ...test } = draw(32, 1e5);
const { loss, logits: z } = await training.run({ ...test, labels, weights });
const right = labels.filter((one, i) => one && z[i] === Math.max(...z.slice(i & ~3, (i | 3) + 1))).length;
console.log(`trained: loss ${loss[0]!.toFixed(3)}, accuracy ${right / 32} on new pictures`);

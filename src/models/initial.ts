// How layers draw their fresh weights: PyTorch's defaults and those of torchvision's model files.
import type { Initial } from "./define.js";

/** Numbers of inputs and outputs that one entry of the layer's result, or of its input, is connected to. */
interface Fan {
  readonly in: number;
  readonly out: number;
}

/** The initialisation of a layer's weight and bias. */
export interface Scheme {
  readonly weight: (fan: Fan) => Initial;
  readonly bias: (fan: Fan) => Initial;
}

const zero = (): Initial => ({ constant: 0 });
const fanInUniform = (fan: Fan): Initial => ({ uniform: 1 / Math.sqrt(fan.in) });

/** PyTorch's default of convolutions and linear layers, weights and biases alike: uniform in ±1/√fan-in. */
export const fanIn: Scheme = { weight: fanInUniform, bias: fanInUniform };

/** The same bound for all layers. */
export const uniform = (bound: number): Scheme => ({
  weight: () => ({ uniform: bound }),
  bias: () => ({ uniform: bound }),
});

/** Normal weights of one deviation, biases 0. */
export const normal = (deviation: number): Scheme => ({ weight: () => ({ normal: deviation }), bias: zero });

/** He et al. 2015 for ReLU: normal with variance 2/fan, biases 0. */
export const heNormal = (side: keyof Fan): Scheme => ({
  weight: (fan) => ({ normal: Math.sqrt(2 / fan[side]) }),
  bias: zero,
});

/** Glorot and Bengio 2010: uniform in ±√(6/(fan-in + fan-out)), biases 0. */
export const glorotUniform: Scheme = {
  weight: (fan) => ({ uniform: Math.sqrt(6 / (fan.in + fan.out)) }),
  bias: zero,
};

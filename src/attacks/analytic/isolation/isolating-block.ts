// The block of LOKI (spec/attacks-analytic.md 4.2 and 4.3): a convolution that hands a client's pictures on in channels of its own, bins that
// fire for one brightness each, and a layer back to picture size. All clients share it but for the convolution's kernels, so that the rows of
// the bins keep the clients apart even in a sum. Ours has ReLU behind the convolution, which keeps the other clients' channels out of local steps.
import { add, channelwise, clamp, conv, linear, relu, reshape, squareWindow } from "../../../engine/index.js";
import type { ClientId, Payload } from "../../../federated/hooks.js";
import { sizeOf, type Tensor, tensor } from "../../../math/tensor.js";
import { flatten } from "../../../models/layers.js";
import { insertBlock } from "../block.js";

const names = { kernels: "isolate.0", query: "isolate.2", spread: "isolate.4" } as const;
const KERNEL = 3;

/** Name of the bins' weight in the update, [bins, clients · C · H · W]. */
export const QUERY_WEIGHT = `${names.query}.weight`;

export interface Isolation {
  readonly clients: number;
  /** Rising limits of the bins on the mean of a picture above `low`, one more than there are bins. */
  readonly edges: Float64Array;
  /** Convolutional scaling factor: the kernels are multiplied and the bins' rows divided by it, which multiplies the rows' gradients. */
  readonly scale: number;
  /** Lowest value of each channel in the space that the model sees. */
  readonly low: readonly number[];
}

/** What every client is sent: one model, bins in common, kernels of its own. */
export function isolateClients(
  { model, weights }: Payload,
  { clients, edges, scale, low }: Isolation,
): (client: ClientId) => Payload {
  const [channels] = model.inputShape;
  const size = sizeOf(model.inputShape);
  const bins = edges.length - 1;
  const query = new Float32Array(bins * clients * size);
  const offset = new Float32Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    const width = edges[bin + 1]! - edges[bin]!;
    query.fill(1 / (size * width * scale), bin * clients * size, (bin + 1) * clients * size);
    offset[bin] = -edges[bin]! / width;
  }
  const shared = new Map<string, Tensor>([
    [QUERY_WEIGHT, tensor([bins, clients * size], query)],
    [`${names.query}.bias`, tensor([bins], offset)],
    [`${names.spread}.weight`, tensor([size, bins], new Float32Array(size * bins).fill(1 / bins))],
    [`${names.spread}.bias`, tensor([size], new Float32Array(size))],
  ]);
  const kernelsOf = (client: ClientId): Map<string, Tensor> => {
    const kernels = new Float32Array(clients * channels * channels * KERNEL * KERNEL);
    const shift = new Float32Array(clients * channels);
    for (let channel = 0; channel < channels; channel++) {
      const filter = client * channels + channel;
      kernels[(filter * channels + channel) * KERNEL * KERNEL + (KERNEL * KERNEL - 1) / 2] = scale;
      shift[filter] = -low[channel]! * scale;
    }
    return new Map([
      [`${names.kernels}.weight`, tensor([clients * channels, channels, KERNEL, KERNEL], kernels)],
      [`${names.kernels}.bias`, tensor([clients * channels], shift)],
    ]);
  };
  const armed = insertBlock(
    { model, weights },
    {
      id: "isolate",
      weights: new Map([...kernelsOf(0), ...shared]),
      apply(x, parameter) {
        const layer = (name: string) => [parameter(`${name}.weight`), parameter(`${name}.bias`)] as const;
        const [kernels, shift] = layer(names.kernels);
        const own = conv(x, kernels, squareWindow({ padding: 1 }));
        const fired = clamp(linear(flatten(relu(add(own, channelwise(shift, own)))), ...layer(names.query)), 0, 1);
        return reshape(linear(fired, ...layer(names.spread)), x.shape);
      },
    },
  );
  return (client) => ({ model: armed.model, weights: new Map([...armed.weights, ...kernelsOf(client)]) });
}

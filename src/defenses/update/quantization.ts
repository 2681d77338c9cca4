// Quantisation of the update, spec/defenses.md 6: stochastic as QSGD (Alistarh et al. 2017) with the scale of ROG's code (Yue et al. 2023),
// deterministic to the nearest level, one bit per entry (signSGD, Bernstein et al. 2018), or a cast. Every tensor has its own scale.
import { z } from "zod";
import type { Update } from "../../federated/hooks.js";
import { plainBytes } from "../../federated/update.js";
import type { Random } from "../../math/random.js";
import { type FloatArray, tensor } from "../../math/tensor.js";
import { defineDefense } from "../define.js";

const methods = ["stochastic", "uniform", "sign", "float16", "bfloat16"] as const;
const norms = ["max", "l2"] as const;

interface Quantization {
  readonly method: (typeof methods)[number];
  readonly levels: number;
  readonly norm: (typeof norms)[number];
}

/** Explicit significant bits and least exponent of the floats that a cast goes to. */
const casts = { float16: { digits: 11, least: -14 }, bfloat16: { digits: 8, least: -126 } } as const;

/** Bits of one entry on the wire: a level with its sign, a sign, or a short float. */
const bitsOf = ({ method, levels }: Quantization): number => {
  if (method === "sign") return 1;
  return method in casts ? 16 : Math.ceil(Math.log2(2 * levels - 1));
};

/** To the nearest number with so many significant bits, ties to even; what is too large for 16 bits stays a finite number. */
function castTo(value: number, { digits, least }: (typeof casts)[keyof typeof casts]): number {
  const exponent = Math.max(value === 0 ? least : Math.floor(Math.log2(Math.abs(value))), least);
  const unit = 2 ** (exponent - digits + 1);
  const units = value / unit;
  const below = Math.floor(units);
  const rest = units - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
  return rounded * unit;
}

const HALF_MAX = 65504;

/** What the server decodes of one tensor. */
function decoded(data: FloatArray, options: Quantization, random: Random): FloatArray {
  const { method, levels, norm } = options;
  if (method === "float16") {
    return data.map((value) => Math.max(-HALF_MAX, Math.min(HALF_MAX, castTo(value, casts.float16))));
  }
  if (method === "bfloat16") return data.map((value) => castTo(value, casts.bfloat16));
  const sizes = Float64Array.from(data, Math.abs);
  if (method === "sign") {
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    return data.map((value) => (value >= 0 ? mean : -mean));
  }
  const scale =
    norm === "max"
      ? sizes.reduce((most, size) => Math.max(most, size), 0)
      : Math.sqrt(sizes.reduce((sum, size) => sum + size * size, 0));
  if (scale === 0) return data.slice();
  const steps = levels - 1;
  return data.map((value, i) => {
    const exact = (sizes[i]! / scale) * steps;
    const below = Math.floor(exact);
    const level = method === "uniform" ? Math.round(exact) : below + (random.uniform() < exact - below ? 1 : 0);
    return Math.sign(value) * scale * (level / steps);
  });
}

/** Entries that go on the wire: those left by a sparsification before, where there was one. */
const entriesSent = (values: Update, bytes: number, plain: number): number =>
  bytes >= plain ? plain / 4 : [...values.values()].reduce((sum, { data }) => sum + data.filter(Boolean).length, 0);

export default defineDefense({
  id: "quantization",
  title: "Quantization",
  summary: "Sends every entry of the update with a few bits instead of 32.",
  source: "QSGD as ROG has it, signSGD, casts to 16 bits (read in code: KAI-YUE/rog, src/compress)",
  at: "update",
  family: "heuristic",
  stage: "encoding",
  needs: [],
  randomness: "seeded",
  options: z.object({
    method: z
      .enum(methods)
      .default("stochastic")
      .describe(
        "stochastic rounding is unbiased; `uniform` with 128 levels is int8; `sign` sends one bit and the mean size",
      ),
    levels: z
      .int()
      .min(2)
      .max(65_536)
      .default(16)
      .describe(
        "sizes that an entry may take, 0 among them (ROG: 16): 2, 8 and 128 take 2, 4 and 8 bits with the sign",
      ),
    norm: z
      .enum(norms)
      .default("max")
      .describe("what the highest level stands for: a tensor's largest entry (ROG), or its Euclidean norm (QSGD)"),
  }),
  advice: "quantise every update; it saves bytes, and 8 bits protect nothing",
  inFrameworks: {
    TensorFlow:
      "TensorFlow Federated: tff.learning.compression_aggregator(), uniform quantisation with zeroing and clipping",
    "NVIDIA FLARE": "ModelQuantizer(quantization_type) among the client's result filters (float16 by default)",
  },
  hooks: (options) => ({
    beforeUpload: (message, { random }) => {
      const update = new Map(
        [...message.update].map(([name, { shape, data }]) => [name, tensor(shape, decoded(data, options, random))]),
      );
      const plain = plainBytes(message.update);
      const sent = entriesSent(message.update, message.bytes, plain);
      const scales = options.method in casts ? 0 : 4 * update.size;
      return { ...message, update, bytes: message.bytes - 4 * sent + Math.ceil((sent * bitsOf(options)) / 8) + scales };
    },
  }),
});

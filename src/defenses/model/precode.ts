// PRECODE (Scheliga, Mäder, Seeland, WACV 2022; spec/defenses.md 20): a variational bottleneck before the last layer. z = mean + noise · deviation
// with noise drawn anew at every pass, so that no gradient is a function of the input alone. Its layers are trained and sent like any other.
import { z } from "zod";
import { add, linear, log, mul, type Node, slice, softplus, square, sub, sum } from "../../engine/index.js";
import type { Update } from "../../federated/hooks.js";
import type { Random } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import type { Latent, Model, Parameter } from "../../models/define.js";
import { fanIn } from "../../models/initial.js";
import { defineDefense } from "../define.js";

const PREFIX = "precode.";
const NOISE = `${PREFIX}noise`;

const hasBottleneck = ({ parameters }: Model): boolean => parameters.some(({ name }) => name.startsWith(PREFIX));

/** A linear layer's tensors with PyTorch's initialisation. */
function affine(name: string, inputs: number, outputs: number): Parameter[] {
  const fan = { in: inputs, out: outputs };
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], initial: fanIn.weight(fan) },
    { name: `${name}.bias`, shape: [outputs], initial: fanIn.bias(fan) },
  ];
}

/** `model` with the bottleneck of that width between its features and its last layer. */
function withBottleneck(model: Model, width: number): Model {
  const { head } = model;
  const features = model.parameters.find(({ name }) => name === head.weight)!.shape[1]!;
  const own = [...affine(`${PREFIX}enc`, features, 2 * width), ...affine(`${PREFIX}dec`, width, features)];
  const isHead = ({ name }: Parameter) => name === head.weight || name === head.bias;
  return {
    ...model,
    id: `${model.id}+precode`,
    // In the order of the layers: whoever leaves out the bottleneck and what lies behind it leaves out the last ones.
    parameters: [...model.parameters.filter((each) => !isHead(each)), ...own, ...model.parameters.filter(isHead)],
    noise: [...(model.noise ?? []), { name: NOISE, shape: [width] }],
    forward(x, parameter, mode) {
      const before = model.forward(x, parameter, mode);
      const tensors = (name: string) =>
        [parameter(`${PREFIX}${name}.weight`), parameter(`${PREFIX}${name}.bias`)] as const;
      const encoded = linear(before.features, ...tensors("enc"));
      const samples = x.shape[0]!;
      const latent: Latent = {
        mean: slice(encoded, [0, 0], [samples, width]),
        deviation: softplus(slice(encoded, [0, width], [samples, width])),
      };
      const drawn = add(latent.mean, mul(parameter(NOISE), latent.deviation));
      const decoded = linear(drawn, ...tensors("dec"));
      const logits = linear(
        decoded,
        parameter(head.weight),
        head.bias === undefined ? undefined : parameter(head.bias),
      );
      return { ...before, features: decoded, logits, latents: [...(before.latents ?? []), latent] };
    },
  };
}

/** Divergence from the standard normal distribution in bits, mean over the batch: Σ_k -½ (1 + 2 ln σ - μ² - σ²) / ln 2. */
export function divergence({ mean, deviation }: Latent): Node {
  const inner = sub(add(square(mean), square(deviation)), add(mul(2, log(deviation)), 1));
  return mul(0.5 / (Math.LN2 * mean.shape[0]!), sum(inner));
}

/** Noise on the tensors before the bottleneck, of `share` of each one's root mean square. */
function perturbBefore(gradient: Update, share: number, random: Random): Update {
  const names = [...gradient.keys()];
  const first = names.findIndex((name) => name.startsWith(PREFIX));
  return new Map(
    [...gradient].map(([name, { shape, data }], position) => {
      if (position >= first) return [name, { shape, data }];
      let squares = 0;
      for (const value of data) squares += value * value;
      const deviation = share * Math.sqrt(squares / data.length);
      return [
        name,
        tensor(
          shape,
          data.map((value) => value + deviation * random.normal()),
        ),
      ];
    }),
  );
}

export default defineDefense({
  id: "precode",
  title: "PRECODE",
  summary: "Puts a variational bottleneck before the last layer: gradients depend on noise that only the client draws.",
  source:
    "Scheliga et al., WACV 2022 (arXiv 2108.04725), read in code: dAI-SY-Group/PRECODE; `earlierNoise` after arXiv 2208.04767",
  at: "model",
  family: "heuristic",
  stage: "model",
  needs: ["privateNoise"],
  randomness: "seeded",
  options: z.object({
    width: z.int().min(1).default(256).describe("units of the bottleneck (authors: 256)"),
    beta: z.number().min(0).default(1e-3).describe("weight of the divergence in the loss (authors: 0.001)"),
    earlierNoise: z
      .number()
      .min(0)
      .default(0)
      .describe(
        "noise on the gradients of the layers before the bottleneck, as a share of each tensor's root mean square: without it a fully connected first layer gives its input away",
      ),
  }),
  advice:
    "train with a variational bottleneck before the last layer, and perturb the gradients of the layers before it",
  hooks: ({ width, beta, earlierNoise }) => ({
    agreeModel: (model) => (hasBottleneck(model) ? model : withBottleneck(model, width)),
    ...(beta > 0 ? { lossTerms: ({ latents }) => latents.map((latent) => mul(beta, divergence(latent))) } : {}),
    ...(earlierNoise > 0
      ? { afterGradient: (gradient, { random }) => perturbBefore(gradient, earlierNoise, random) }
      : {}),
  }),
});

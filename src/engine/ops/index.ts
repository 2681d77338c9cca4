// The table of all ops. A new family is one file and one line here.
import type { OpFamily, OpRule } from "../rule.js";
import { activationOps } from "./activation.js";
import { convolutionOps } from "./convolution-policy.js";
import { elementwiseOps } from "./elementwise.js";
import { embeddingOps } from "./embedding.js";
import { gatherOps } from "./gather.js";
import { gatherRowsOps } from "./gather-rows.js";
import { layoutOps } from "./layout.js";
import { matmulOps } from "./matmul.js";
import { maxPoolOps } from "./max-pool.js";
import { normalisationOps } from "./normalisation.js";
import { partsOps } from "./parts.js";
import { reduceOps } from "./reduce.js";
import { softmaxOps } from "./softmax.js";

export const rules: Readonly<Record<string, OpRule | undefined>> = {
  ...elementwiseOps,
  ...activationOps,
  ...reduceOps,
  ...layoutOps,
  ...matmulOps,
  ...partsOps,
  ...normalisationOps,
  ...convolutionOps,
  ...gatherOps,
  ...gatherRowsOps,
  ...embeddingOps,
  ...maxPoolOps,
  ...softmaxOps,
} satisfies OpFamily;

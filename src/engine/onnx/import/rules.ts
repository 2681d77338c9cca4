// The table of all ONNX ops that can be imported. A new family is one file and one line here.
import { activationRules } from "./activations.js";
import { arithmeticRules } from "./arithmetic.js";
import { constantRules } from "./constants.js";
import { convolutionRules } from "./convolutions.js";
import { layoutRules } from "./layouts.js";
import { normalisationRules } from "./normalisations.js";
import type { RuleFamily } from "./operation.js";
import { poolRules } from "./pools.js";
import { productRules } from "./products.js";
import { reductionRules } from "./reductions.js";
import { resizeRules } from "./resizes.js";
import { selectionRules } from "./selections.js";

export const rules: RuleFamily = {
  ...constantRules,
  ...arithmeticRules,
  ...activationRules,
  ...layoutRules,
  ...selectionRules,
  ...productRules,
  ...convolutionRules,
  ...normalisationRules,
  ...poolRules,
  ...reductionRules,
  ...resizeRules,
};

// All label rules by id, in the order of spec/attacks-optimization.md 1.9. Values are named exports: the catalogue takes default exports for attacks.
import { biasSign } from "./bias-sign.js";
import type { LabelRule } from "./define.js";
import { e2egi } from "./e2egi.js";
import { gengCounts } from "./geng-counts.js";
import { idlg } from "./idlg.js";
import { ilrg } from "./ilrg.js";
import { llg } from "./llg.js";
import { llgPlus, llgStar } from "./llg-probed.js";
import { yin } from "./yin.js";

export const labelRules = {
  idlg,
  "bias-sign": biasSign,
  yin,
  llg,
  "llg-plus": llgPlus,
  "llg-star": llgStar,
  e2egi,
  ilrg,
  "geng-counts": gengCounts,
} satisfies Record<string, LabelRule>;

export type LabelRuleId = keyof typeof labelRules;

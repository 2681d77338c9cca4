// All detectors of spec/defenses.md section 22 that need no peer, run on one payload, and the decision that follows from their alarms.
import type { Payload } from "../../federated/hooks.js";
import { detector as batchFloor } from "./batch-floor.js";
import { detector as constantNextLayer } from "./constant-next-layer.js";
import { detector as dSnr } from "./d-snr.js";
import { type Action, actions, type Detector, type Inspection, type InspectionContext, inspectWith } from "./define.js";
import { detector as duplicateRows } from "./duplicate-rows.js";
import { detector as dynamics } from "./dynamics.js";
import { detector as selfInversion } from "./self-inversion.js";
import { detector as structurePin } from "./structure-pin.js";
import { detector as transmissionSnr } from "./transmission-snr.js";
import { detector as trapRows } from "./trap-rows.js";

/** In the order of the specification, D0 to D9 without D8, which compares payloads with other clients. */
export const detectors: readonly Detector[] = [
  structurePin,
  duplicateRows,
  constantNextLayer,
  trapRows,
  selfInversion,
  dSnr,
  transmissionSnr,
  dynamics,
  batchFloor,
];

export interface InspectionReport {
  /** The gravest action among the alarms; `accept` without one. An accepted payload is not a proven one: see `limits`. */
  readonly decision: Action | "accept";
  readonly inspections: readonly Inspection[];
  /** What each detector cannot see, and what none of them can. */
  readonly limits: readonly string[];
}

/** What no detector here can see. */
const limits: readonly string[] = [
  "weights that were trained to leak (SEER and its kin) are missed by design",
  "new active attacks that keep the architecture (such as ARES, arXiv 2603.17623) are not covered",
  "a payload meant for this client alone is seen only by comparing with other clients (D8), sybils only with an identity for each (D9)",
  "code that the server makes a client run acts outside the weights",
];

/** Runs every detector; those whose part of `context` is missing are skipped, and say so. */
export function inspectPayload(payload: Payload, context: InspectionContext = {}): InspectionReport {
  const inspections = detectors.map((detector) => inspectWith(detector, payload, context));
  const raised = new Set(inspections.filter(({ flagged }) => flagged).map(({ action }) => action));
  const own = detectors.map((detector) => `${detector.id}: ${detector.limits}`);
  return {
    decision: actions.find((action) => raised.has(action)) ?? "accept",
    inspections,
    limits: [...own, ...limits],
  };
}

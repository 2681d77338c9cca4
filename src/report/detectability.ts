// Whether a client could have noticed: what came back against how far the sent model stood from the thresholds of client-side detectors.
import type { CellJson } from "../audit/audit-json.js";
import { leakedShare } from "./matrix.js";

/** What the audit tells of detectors for a cell; undefined where the server followed the protocol, and in audits of before. */
type Detection = NonNullable<CellJson["detection"]>;
/** One detector, at the payload that comes nearest to its alarm. */
export type Detector = Detection["detectors"][number];

export interface Sighting {
  readonly cell: CellJson;
  readonly detection: Detection;
  /** Share of pictures that leaked. */
  readonly recovery: number;
  /** The detector that comes nearest to an alarm, or is furthest beyond; undefined where none had anything to look at. */
  readonly nearest: Detector | undefined;
}

/** Cells in which clients got a model that was not the honest one, what leaked most first. */
export const sightingsOf = (cells: readonly CellJson[]): Sighting[] =>
  cells
    .flatMap((cell) => {
      const { detection } = cell;
      if (!detection || detection.payloads === 0) return [];
      const ranked = detection.detectors.filter(({ beyond }) => beyond !== null).sort((a, b) => b.beyond! - a.beyond!);
      return [{ cell, detection, recovery: leakedShare(cell), nearest: ranked[0] }];
    })
    .sort((a, b) => b.recovery - a.recovery);

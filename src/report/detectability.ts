// Whether a client could have noticed: what came back against how far the sent model stood from the thresholds of client-side detectors.
import type { CellJson } from "../audit/audit-json.js";
import { leakedShare } from "./matrix.js";

/** One criterion on one model. */
export interface Sight {
  readonly score: number | null;
  readonly alarm: boolean;
  /** Distance from the threshold, -1 to 1; above 0 is an alarm. */
  readonly beyond: number | null;
}

export interface Detector extends Sight {
  readonly detector: string;
  readonly title: string;
  readonly action: string;
  readonly criterion: string | null;
  readonly threshold: number | null;
  /** The same criterion on the honest model. */
  readonly honest: Sight;
  readonly report: string;
}

export interface Detection {
  /** Different models that were looked at; 0: the server sent the honest one. */
  readonly payloads: number;
  /** A detector alarmed on the sent model that did not on the honest one. */
  readonly detected: boolean;
  readonly detectors: readonly Detector[];
}

/** What the audit tells of detectors for a cell; undefined where the server followed the protocol, and in audits of before. */
export const detectionOf = (cell: CellJson): Detection | undefined =>
  (cell as { readonly detection?: Detection }).detection;

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
      const detection = detectionOf(cell);
      if (!detection || detection.payloads === 0) return [];
      const ranked = detection.detectors.filter(({ beyond }) => beyond !== null).sort((a, b) => b.beyond! - a.beyond!);
      return [{ cell, detection, recovery: leakedShare(cell), nearest: ranked[0] }];
    })
    .sort((a, b) => b.recovery - a.recovery);

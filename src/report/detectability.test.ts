// Which cells a client could have noticed, and by which detector.
import { expect, it } from "vitest";
import { detectedSample } from "../../test/report-sample.js";
import { sightingsOf } from "./detectability.js";

it("takes cells whose clients got another model than the honest one, and the detector nearest to an alarm", () => {
  const audit = detectedSample();
  expect(audit.cells).toHaveLength(10);
  const sightings = sightingsOf(audit.cells);
  expect(
    sightings.map(({ recovery, detection, nearest }) => [recovery, detection.detected, nearest?.detector]),
  ).toEqual([
    [1, true, "duplicate-rows"],
    [0, false, "trap-rows"],
  ]);
  expect(sightings[0]!.nearest!.beyond).toBe(0.62);
});

it("leaves out honest servers and audits without figures of detectors", () => {
  const { cells } = detectedSample();
  expect(sightingsOf(cells.slice(0, 8))).toEqual([]);
});

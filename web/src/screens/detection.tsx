// Detectability: whether a client could have noticed the rewritten model that a malicious server sent, beside what came back.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { type Detector, type Sighting, sightingsOf } from "../../../src/report/detectability.js";
import { formatNumber } from "../../../src/report/figures.js";
import { SightChart } from "../components/sight-chart.js";
import { Letter, Scroll } from "../components/text.js";
import { hashOf } from "../route.js";
import { groupOfCell, groups } from "../state.js";

export function Detection({ audit }: { audit: AuditJson }) {
  const sightings = sightingsOf(groups.value.map(({ cell }) => cell));
  const noticed = sightings.filter(({ detection }) => detection.detected).length;
  const active = audit.cells.some(({ recipe }) => recipe.handed.includes("activeManipulation"));
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        {sightings.length === 0
          ? "Could a client have noticed?"
          : noticed === 0
            ? "No detector would notice these attacks"
            : `${noticed} of ${sightings.length} attacks with a rewritten model would be noticed`}
      </h1>
      {sightings.length > 0 ? (
        <Sightings sightings={sightings} />
      ) : active ? (
        <p>This audit holds no figures of detectors. Nothing is known about whether clients would notice.</p>
      ) : (
        <p>No adversary of this audit sent a rewritten model, so there was nothing that a client could notice.</p>
      )}
      <p>
        Look at a model you received with <code>leakscope inspect PAYLOAD --model MODEL.onnx</code>.
      </p>
    </>
  );
}

const Sightings = ({ sightings }: { sightings: readonly Sighting[] }) => (
  <>
    <p class="lead">
      What a client's own detectors see of the model it was sent, against what came back. A detector is worth something
      where it alarms on the rewritten model and not on the honest one.
    </p>
    <SightChart sightings={sightings} />
    <Scroll label="Detectors by attack">
      <table class="board">
        <thead>
          <tr>
            {["Attack", "Recovered", "Noticed", "Detectors"].map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sightings.map((sighting) => (
            <SightingRow key={`${sighting.cell.key} ${sighting.cell.threat}`} sighting={sighting} />
          ))}
        </tbody>
      </table>
    </Scroll>
  </>
);

function SightingRow({ sighting: { cell, detection, recovery } }: { sighting: Sighting }) {
  return (
    <tr>
      <th scope="row">
        <Letter letter={cell.threat} />{" "}
        <a href={hashOf("attacks", cell.attack, { cell: groupOfCell.value.get(cell)?.id })}>{cell.attackTitle}</a>
        <small>{cell.defense === "none" ? "no defense" : cell.defenseTitle}</small>
      </th>
      <td>{Math.round(100 * recovery)} % of pictures</td>
      <td>{detection.detected ? <span class="tag resisted">yes</span> : <span class="tag leak">no</span>}</td>
      <td>
        {detection.detectors.map((detector) => (
          <DetectorLine key={detector.detector} detector={detector} />
        ))}
      </td>
    </tr>
  );
}

function DetectorLine({ detector: { title, alarm, criterion, score, threshold, honest } }: { detector: Detector }) {
  const figure = (value: number | null) => (value === null ? "none" : formatNumber(value));
  return (
    <small>
      <strong>{title}</strong>{" "}
      {criterion === null
        ? "had nothing to look at"
        : `${alarm ? "alarms" : "stays silent"}: ${criterion} ${figure(score)}, threshold ${figure(threshold)}, honest model ${figure(honest.score)}${honest.alarm ? " (a false alarm)" : ""}`}
    </small>
  );
}

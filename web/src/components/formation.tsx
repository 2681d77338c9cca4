// A reconstruction as it formed: a slider over the pictures that the run kept.
import { useState } from "preact/hooks";
import type { CellJson } from "../../../src/audit/audit-json.js";
import { Figure } from "./pictures.js";

export function Formation({ cell }: { cell: CellJson }) {
  const frames = cell.frames ?? [];
  const [place, setPlace] = useState(frames.length - 1);
  const shown = frames[Math.min(place, frames.length - 1)];
  if (!shown || frames.length < 2) return null;
  return (
    <div class="formation">
      <Figure
        caption={`iteration ${shown.iteration}`}
        uri={shown.picture}
        alt={`Reconstruction at iteration ${shown.iteration}`}
        absent="none"
      />
      <label>
        <span>As it formed (first image of the first batch, in the attack's own order)</span>
        <input
          type="range"
          min="0"
          max={frames.length - 1}
          value={place}
          aria-valuetext={`iteration ${shown.iteration}`}
          onInput={(event) => setPlace(event.currentTarget.valueAsNumber)}
        />
      </label>
    </div>
  );
}

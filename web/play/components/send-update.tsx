// Step 2: what the client sends, and what a defense makes of it.
import { formatBytes, formatNumber } from "../../../src/report/figures.js";
import { choice, choose, defenseOf, withDefense } from "../choice.js";
import { choices, type DefenseOffer } from "../protocol.js";
import { type Run, run } from "../run.js";
import { formatStrength } from "../words.js";
import { Captioned } from "./canvas-picture.js";
import { Pick, Step } from "./step.js";

const NONE = { id: "none", name: "none", sentence: "The update is sent as it is." };

export function SendUpdate() {
  const { defense: id, strength } = choice.value;
  const defense = defenseOf(id);
  return (
    <Step
      number={2}
      title="Only the update is sent"
      sentence="It says for each number in the model how it should change to fit this picture better: the gradient."
    >
      <Pick
        label="Defense, before it is sent"
        testId="defense"
        value={id ?? NONE.id}
        options={[NONE, ...choices.defenses]}
        sentence={(defense ?? NONE).sentence}
        onChange={(next) => choose(withDefense(next))}
      />
      <Strength value={strength} offer={defense?.strength ?? null} />
      <Update run={run.value} />
    </Step>
  );
}

function Strength({ value, offer }: { value: number; offer: DefenseOffer["strength"] }) {
  const told = offer ? formatStrength(value, offer.unit) : "nothing to set";
  return (
    <label class="strength">
      <span>
        {offer ? `Strength: ${offer.name}` : "Strength"} <strong>{told}</strong>
      </span>
      <input
        type="range"
        data-testid="strength"
        disabled={!offer}
        min={0}
        max={offer ? offer.steps.length - 1 : 1}
        value={offer ? offer.steps.indexOf(value) : 0}
        aria-valuetext={told}
        onInput={(event) => offer && choose({ strength: offer.steps[event.currentTarget.valueAsNumber]! })}
      />
      <span class="ends">
        <span>weak</span>
        <span>strong</span>
      </span>
    </label>
  );
}

function Update({ run }: { run: Run | null }) {
  const update = run?.update;
  const before = update?.without;
  return (
    <div class="update">
      <div class="pair">
        {before && (
          <Captioned picture={before.picture} label="The first layer's gradient before the defense, as a picture">
            before the defense
          </Captioned>
        )}
        <Captioned picture={update?.picture} label="The first layer's gradient as it was sent, as a picture">
          {update ? "as it was sent" : "the update, once it is sent"}
        </Captioned>
      </div>
      <p class="norms">
        {update && (
          <>
            The gradient of the first layer as a picture. In all {formatBytes(update.bytes)} of numbers; length (norm){" "}
            {before && `${formatNumber(before.norm)} before the defense, `}
            {formatNumber(update.norm)} as sent.
          </>
        )}
      </p>
      <ul class="layers" aria-label="Layers of the update, and their shares of its squared length">
        {(update?.layers ?? []).map(({ name, shape, share }) => (
          <li key={name}>
            <code title={shape.join(" × ")}>{name}</code>
            <meter min={0} max={1} value={share} aria-label={`${name}: share of the update`} />
            <span>{formatNumber(Number((100 * share).toFixed(1)))} %</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

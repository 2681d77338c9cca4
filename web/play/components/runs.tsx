// The last few runs side by side, so that the effect of a defense and of its strength can be compared.
import { hashOf, OWN, own } from "../choice.js";
import { choices } from "../protocol.js";
import { finished } from "../run.js";
import { decibels, describeDefense, verdicts } from "../words.js";
import { CanvasPicture } from "./canvas-picture.js";

const nameOf = (id: string, known: readonly { readonly id: string; readonly name: string }[]) =>
  known.find((each) => each.id === id)?.name ?? id;

export function Runs() {
  return (
    <section class="compared" aria-labelledby="runs">
      <h2 id="runs">Your runs side by side</h2>
      {finished.value.length === 0 && (
        <p class="muted">They will stand here, so that you can compare what a defense changes.</p>
      )}
      <ul class="runs">
        {finished.value.map(({ number, choice, original, done }) => {
          const { glyph, word, mark } = verdicts[done!.verdict];
          return (
            <li key={number} class="panel">
              <div class="pair">
                <CanvasPicture picture={original} label="The client's picture" />
                <CanvasPicture picture={done!.picture} label={`What the server got in run ${number}`} />
              </div>
              <strong>{describeDefense(choice)}</strong>
              <span class={`tag ${mark}`}>
                <span aria-hidden="true">{glyph}</span> {decibels(done!.psnr)}
                <span class="unseen">: {word}</span>
              </span>
              <small>
                {nameOf(choice.model, choices.models)}, {nameOf(choice.attack, choices.attacks)}, seed {choice.seed}
              </small>
              {(choice.picture !== OWN || own.value?.picture === original) && (
                <a href={hashOf(choice)}>Choose this again</a>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

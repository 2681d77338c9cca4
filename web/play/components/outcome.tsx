// What came of a run: verdict, why, and how alike the pictures are beside a guess made without the update.
import type { Run } from "../run.js";
import { decibels, verdicts } from "../words.js";

/** The scale ends here: more cannot be seen. */
const MOST = 50;
/** From here on a picture counts as leaked whatever the floor is (DESIGN: 30 dB). */
const SURE = 30;

export function Outcome({ run }: { run: Run | null }) {
  const done = run?.done;
  if (!done) {
    return (
      <div class="outcome">
        {run?.problem && (
          <p class="refusal" role="alert">
            {run.problem}
          </p>
        )}
      </div>
    );
  }
  const { glyph, word, mark } = verdicts[done.verdict];
  return (
    <div class="outcome">
      <p>
        <strong class={`tag ${mark}`} data-testid="verdict" data-verdict={done.verdict}>
          {glyph} {word}
        </strong>
      </p>
      <p data-testid="why">{done.why}</p>
      <Likeness psnr={done.psnr} floor={done.floor} />
    </div>
  );
}

/** PSNR on a scale from 0 to 50 dB, with the guess and the sure leak marked. */
function Likeness({ psnr, floor }: { psnr: number; floor: { readonly psnr: number; readonly what: string } }) {
  const place = (value: number) => 100 * Math.min(1, Math.max(0, value / MOST));
  return (
    <div class="likeness">
      <p>
        Likeness (PSNR): <strong data-testid="psnr">{decibels(psnr)}</strong>; a guess without the update ({floor.what})
        has {decibels(floor.psnr)}.
      </p>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="scale" width="100" height="10" />
        <rect class="bar" width={place(psnr)} height="10" />
        <line class="floor" x1={place(floor.psnr)} x2={place(floor.psnr)} y1="0" y2="10" />
        <line class="sure" x1={place(SURE)} x2={place(SURE)} y1="0" y2="10" />
      </svg>
      <small>line: the guess; dashed: {SURE} dB, from which on two pictures look the same</small>
    </div>
  );
}

// Small marks that every screen uses: status, severity, letter of an adversary, stars, definition lists.
import type { ComponentChildren } from "preact";
import type { CellStatus, FindingJson } from "../../../src/audit/audit-json.js";
import { stars } from "../../../src/report/figures.js";
import { statuses, threatOf } from "../../../src/report/words.js";

/** Status in shape, word and colour. */
export function StatusTag({ status }: { status: CellStatus }) {
  const { glyph, word } = statuses[status];
  return (
    <span class={`tag ${status}`}>
      {glyph} {word}
    </span>
  );
}

export const SeverityTag = ({ severity }: Pick<FindingJson, "severity">) => (
  <span class={`tag ${severity}`}>{severity}</span>
);

export function Stars({ letter }: { letter: string }) {
  const threat = threatOf(letter);
  if (!threat) return null;
  const { stars: filled, source } = threat.realism;
  return (
    <span
      class="stars"
      role="img"
      aria-label={`realism ${filled} of 4`}
      title={`Realism ${filled} of 4, source: ${source}`}
    >
      {stars(filled)}
    </span>
  );
}

export const Letter = ({ letter }: { letter: string }) => <span class="letter">{letter}</span>;

export function Term({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A table that scrolls by itself where the screen is narrow, by keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** A choice of one of some values, kept in the address. */
export function Choice({
  label,
  value,
  values,
  onChange,
}: {
  label: string;
  value: string;
  values: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {values.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

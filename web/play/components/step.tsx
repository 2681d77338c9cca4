// One of the three steps: its number, its name and its one sentence.
import type { ComponentChildren } from "preact";

export function Step({
  number,
  title,
  sentence,
  children,
}: {
  number: number;
  title: string;
  sentence: string;
  children: ComponentChildren;
}) {
  const id = `step-${number}`;
  return (
    <section class="panel step" aria-labelledby={id}>
      <h2 id={id}>
        <span class="number">{number}</span> {title}
      </h2>
      <p class="sentence">{sentence}</p>
      {children}
    </section>
  );
}

/** A choice of one of some things, with the sentence of the one that is chosen. */
export function Pick({
  label,
  testId,
  value,
  options,
  sentence,
  onChange,
}: {
  label: string;
  testId: string;
  value: string;
  options: readonly { readonly id: string; readonly name: string }[];
  sentence: string;
  onChange: (id: string) => void;
}) {
  return (
    <div class="pick">
      <label class="choice">
        <span>{label}</span>
        <select data-testid={testId} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map(({ id, name }) => (
            <option key={id} value={id} selected={id === value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <small>{sentence}</small>
    </div>
  );
}

// Labels of a chart's points, moved down until none covers another.
export interface PlacedLabel {
  readonly text: string;
  /** Where the text begins, or ends where `end` is true. */
  readonly x: number;
  /** Of the base line. */
  readonly y: number;
  readonly end: boolean;
}

const LINE = 15;

/** The labels in their order with other heights; `width` is what a text takes at most, all in the chart's units. */
export function placeLabels(labels: readonly PlacedLabel[], width: number): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  const span = ({ x, end }: PlacedLabel) => (end ? [x - width, x] : [x, x + width]) as [number, number];
  const covers = (a: PlacedLabel, b: PlacedLabel) =>
    Math.abs(a.y - b.y) < LINE && span(a)[0] < span(b)[1] && span(b)[0] < span(a)[1];
  for (const label of labels) {
    let at = label;
    for (let other = at; ; other = { ...at, y: other.y + 1 }) {
      at = other;
      if (!placed.some((each) => covers(each, at))) break;
    }
    placed.push(at);
  }
  return placed;
}

// A grid of many equal tiles of which only those near the window are in the page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface VirtualGridProps<T> {
  readonly items: readonly T[];
  readonly label: string;
  /** Least width of a tile in pixels; as many stand side by side as fit. */
  readonly minWidth: number;
  /** Height of a tile of this width. */
  readonly height: (width: number) => number;
  readonly keyOf: (item: T) => string;
  readonly children: (item: T) => ComponentChildren;
}

const GAP = 20;
/** Rows kept above and below the window, so that scrolling shows no hole. */
const SPARE = 3;

interface Frame {
  readonly width: number;
  /** Of the window against the grid, in pixels. */
  readonly from: number;
  readonly to: number;
}

export function VirtualGrid<T>({ items, label, minWidth, height, keyOf, children }: VirtualGridProps<T>) {
  const element = useRef<HTMLUListElement>(null);
  const [frame, setFrame] = useState<Frame>({ width: minWidth, from: 0, to: 900 });
  useEffect(() => {
    const measure = () => {
      const box = element.current?.getBoundingClientRect();
      if (box) setFrame({ width: box.width, from: -box.top, to: innerHeight - box.top });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element.current!);
    addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener("scroll", measure);
    };
  }, []);
  const columns = Math.max(1, Math.floor((frame.width + GAP) / (minWidth + GAP)));
  const width = (frame.width - GAP * (columns - 1)) / columns;
  const row = height(width) + GAP;
  const rows = Math.ceil(items.length / columns);
  const first = Math.max(0, Math.min(rows, Math.floor(frame.from / row)) - SPARE);
  const last = Math.min(rows, Math.ceil(frame.to / row) + SPARE);
  const shown = items.slice(first * columns, Math.max(first + 1, last) * columns);
  return (
    <ul class="virtual" aria-label={label} ref={element} style={{ height: `${Math.max(0, rows * row - GAP)}px` }}>
      {shown.map((item, i) => {
        const place = first * columns + i;
        return (
          <li
            key={keyOf(item)}
            aria-setsize={items.length}
            aria-posinset={place + 1}
            style={{
              width: `${width}px`,
              height: `${row - GAP}px`,
              left: `${(place % columns) * (width + GAP)}px`,
              top: `${Math.floor(place / columns) * row}px`,
            }}
          >
            {children(item)}
          </li>
        );
      })}
    </ul>
  );
}

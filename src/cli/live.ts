// Progress on stderr while an audit runs: the grid on a terminal, lines elsewhere.
import { createLogUpdate } from "log-update";
import type { AuditEvent } from "../audit/interfaces.js";
import { renderGrid } from "./grid.js";
import { createLines } from "./lines.js";
import { createTracker } from "./tracker.js";

export interface Live {
  readonly onEvent: (event: AuditEvent) => void;
  /** Says something to the user without harm to the picture. */
  say(text: string): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

export interface LiveOptions {
  readonly stream: NodeJS.WriteStream;
  readonly workers: number;
  /** False draws lines even on a terminal. */
  readonly grid: boolean;
}

const REDRAW_MS = 150;

/** True where a picture that redraws itself can be shown: a terminal, not a build log, not with `--no-color`. */
export const canRedraw = (stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv = process.env): boolean =>
  stream.isTTY === true && !environment.CI && environment.NO_COLOR === undefined && environment.TERM !== "dumb";

export function createLive({ stream, workers, grid }: LiveOptions): Live {
  const tracker = createTracker();
  if (!grid) {
    const say = (text: string): void => void stream.write(`${text}\n`);
    return { onEvent: createLines(tracker, say), say, stop: () => {} };
  }
  // The cursor stays visible, so that no way of ending leaves the terminal without one.
  const update = createLogUpdate(stream, { showCursor: true });
  const draw = (): void => {
    const { columns = 80, rows = 24 } = stream;
    update(renderGrid(tracker, { now: Date.now(), workers, columns, rows, color: true }));
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    onEvent: (event) => void tracker.take(event),
    say: (text) => update.persist(text),
    stop() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

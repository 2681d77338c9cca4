// The live view on a terminal: a row for every pair of attack and defense, a mark for every threat model, and the loss of what runs.
// Colours are no verdict: whether a cell without a leak has resisted is known only when its controls have run.
import { createColors } from "picocolors";
import { duration, figure, pad } from "./table.js";
import { remainingSeconds, shareDone, type TrackedJob, type Tracker } from "./tracker.js";

export interface GridView {
  readonly now: number;
  readonly workers: number;
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

const BARS = "▁▂▃▄▅▆▇█";
const SPARK_WIDTH = 16;

/** The last losses on a logarithmic scale, highest and lowest at the ends of the bars. */
export function sparkline(losses: readonly number[], width = SPARK_WIDTH): string {
  const step = Math.max(1, losses.length / width);
  const shown = Array.from(
    { length: Math.min(width, losses.length) },
    (_, i) => losses[Math.floor((i + 1) * step) - 1]!,
  );
  const logs = shown.map((loss) => Math.log10(Math.max(loss, 1e-30)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  return logs
    .map((log) => BARS[high === low ? 0 : Math.round(((log - low) / (high - low)) * (BARS.length - 1))])
    .join("");
}

function mark(job: TrackedJob, { red, cyan, green, yellow, magenta, dim }: ReturnType<typeof createColors>): string {
  if (job.state === "waiting") return dim("·");
  if (job.state === "running") return yellow("◐");
  if (job.outcome === "error") return magenta("!");
  if (job.kind === "cell") return job.outcome === "leak" ? red("■") : cyan("□");
  if (job.kind === "training") return green("✓");
  return job.outcome === "leak" ? green("✓") : magenta("✗");
}

interface Row {
  readonly attack: string;
  readonly defense: string;
  readonly jobs: TrackedJob[];
}

function rowsOf(jobs: Iterable<TrackedJob>): Row[] {
  const rows = new Map<string, Row>();
  for (const job of jobs) {
    const attack = job.kind === "training" ? "utility" : job.attack;
    const defense = job.kind === "cell" || job.kind === "training" ? job.defense : "control";
    const name = `${attack}\0${defense}`;
    const row = rows.get(name) ?? { attack, defense, jobs: [] };
    row.jobs.push(job);
    rows.set(name, row);
  }
  return [...rows.values()];
}

const isRunning = ({ jobs }: Row): boolean => jobs.some(({ state }) => state === "running");

/** The rows that fit, those under way first; order is otherwise that of the plan. */
function fitting(rows: readonly Row[], room: number): Row[] {
  if (rows.length <= room) return [...rows];
  const chosen = new Set([...rows.filter(isRunning), ...rows.filter((row) => !isRunning(row))].slice(0, room));
  return rows.filter((row) => chosen.has(row));
}

/** The whole view as text, no line longer than the terminal is wide. */
export function renderGrid(tracker: Tracker, { now, workers, columns, rows: height, color }: GridView): string {
  const colors = createColors(color);
  const jobs = [...tracker.jobs.values()];
  const done = jobs.filter(({ state }) => state === "done").length;
  const left = remainingSeconds(tracker, workers, now);
  const rest = left === null || done === jobs.length ? "" : `, about ${duration(left)} left`;
  const letters = [...new Set(jobs.flatMap(({ threats }) => threats))].sort();
  const rows = rowsOf(jobs);
  const shown = fitting(rows, Math.max(1, height - 5));
  const nameWidth = Math.max(6, ...rows.map(({ attack }) => attack.length));
  const defenseWidth = Math.max(7, ...rows.map(({ defense }) => defense.length));

  const line = ({ attack, defense, jobs: own }: Row): string => {
    const control = own.find(({ kind }) => kind !== "cell");
    const marks = letters.map((letter) => {
      const job = own.find(({ threats }) => threats.includes(letter));
      return job ? mark(job, colors) : " ";
    });
    const cells = control ? pad(mark(control, colors), 2 * letters.length - 1) : marks.join(" ");
    const running = own.find(({ state }) => state === "running");
    const percent = running ? `${String(Math.round(100 * shareDone(running))).padStart(3)} %` : "";
    const loss = running?.losses.length ? `${sparkline(running.losses)} loss ${figure(running.losses.at(-1))}` : "";
    // Plain text decides what fits; only marks are coloured, and they stand before it.
    const room = columns - nameWidth - defenseWidth - 2 * letters.length - 6;
    return `${attack.padEnd(nameWidth)}  ${defense.padEnd(defenseWidth)}  ${cells}  ${`${percent}  ${loss}`.slice(0, Math.max(0, room))}`.trimEnd();
  };

  const hidden = rows.length - shown.length;
  return [
    `${done} of ${jobs.length} jobs, ${duration((now - tracker.startedAt) / 1000)}${rest}`.slice(0, columns),
    colors.dim(
      `${"attack".padEnd(nameWidth)}  ${"defense".padEnd(defenseWidth)}  ${letters.join(" ")}`.slice(0, columns),
    ),
    ...shown.map(line),
    ...(hidden > 0 ? [colors.dim(`… and ${hidden} more rows`)] : []),
    colors.dim("■ leak  □ no leak  ✓ control leaks  ✗ it does not  ! error  ◐ running  Ctrl-C stops".slice(0, columns)),
  ].join("\n");
}

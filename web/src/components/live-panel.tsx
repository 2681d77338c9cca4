// A running audit at a glance: how far it is, and every case under way with its reconstruction as it forms and its loss so far.
import { connected, type LiveJob, problem, progress, runId, running, state } from "../live.js";

const words = {
  running: "Running.",
  stopped: "Stopped, or silent for more than a minute.",
  ended: "Ended.",
} as const;

export function LivePanel() {
  if (runId === null || (state.value === "ended" && problem.value === "")) return null;
  const { done, jobs } = progress.value;
  return (
    <section class="live" aria-label="Running audit">
      <p role="status">
        <strong>{words[state.value]}</strong> {done} of {jobs} cases done.
        {!connected.value && " The connection is lost; it will go on where it stopped."} {problem.value}
      </p>
      <progress max={Math.max(1, jobs)} value={done} aria-label="Cases done" />
      <ul>{state.value === "running" && running.value.map((job) => <Job key={job.key} job={job} />)}</ul>
    </section>
  );
}

function Job({ job }: { job: LiveJob }) {
  const share = job.total ? Math.round((100 * (job.iteration ?? 0)) / job.total) : 0;
  const last = job.losses.at(-1);
  return (
    <li>
      {job.picture ? (
        <img src={job.picture} alt={`Best reconstruction so far of ${job.attack}`} />
      ) : (
        <span class="forming" role="img" aria-label="No picture yet" />
      )}
      <div>
        <p>
          {job.attack} × {job.defense}
          {job.threats.length > 0 && ` (${job.threats.join(", ")})`}
        </p>
        <p class="muted">
          {share} %{last !== undefined && `, loss ${last.toPrecision(3)}`}
        </p>
        <Sparkline values={job.losses} />
      </div>
    </li>
  );
}

const [WIDTH, HEIGHT] = [140, 28];

/** Losses on a logarithmic axis, without figures. */
function Sparkline({ values }: { values: readonly number[] }) {
  const logs = values.filter((value) => value > 0).map(Math.log);
  if (logs.length < 2) return null;
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const points = logs.map((value, i) => {
    const x = (WIDTH * i) / (logs.length - 1);
    const y = HEIGHT - ((HEIGHT - 2) * (value - low)) / (high - low || 1) - 1;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Loss so far">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" stroke-width="1.5" />
    </svg>
  );
}

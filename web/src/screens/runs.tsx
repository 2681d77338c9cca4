// What a served page shows before there is an audit: the runs, or that the chosen one has not got that far.
import { problem, type RunLine, runId, runs } from "../live.js";

const words: Readonly<Record<RunLine["state"], string>> = {
  running: "running",
  ended: "ended",
  stopped: "stopped before its end",
};

export function Runs() {
  if (runId !== null) {
    return (
      <>
        <h1 id="title" tabIndex={-1}>
          {runId}
        </h1>
        <p class="lead">No case of this run has ended yet. The overview appears with the first one.</p>
        <p>
          <a href="/">All runs</a>
        </p>
      </>
    );
  }
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Runs
      </h1>
      {problem.value !== "" && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      {runs.value?.length === 0 && (
        <p class="lead">
          There is no run yet. <code>leakscope audit --preset demo</code> makes one; then load this page again.
        </p>
      )}
      <ul class="runs">
        {runs.value?.map(({ id, state, jobs, done, changedAt }) => (
          <li key={id}>
            <a href={`/?run=${encodeURIComponent(id)}`}>{id}</a>{" "}
            <span class="muted">
              {words[state]}
              {jobs > 0 && `, ${done} of ${jobs} cases`}
              {changedAt && `, last heard of ${new Date(changedAt).toLocaleString()}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

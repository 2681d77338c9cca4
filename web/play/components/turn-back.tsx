// Step 3: the server at work, and what came of it.
import { LossChart } from "../../src/components/loss-chart.js";
import { choice, choose, hashOf } from "../choice.js";
import { choices } from "../protocol.js";
import { chosen, engine, type Run, run, running, startRun, stopRun } from "../run.js";
import { nameOfClass } from "../words.js";
import { Captioned } from "./canvas-picture.js";
import { NextStep } from "./next-step.js";
import { Outcome } from "./outcome.js";
import { Pick, Step } from "./step.js";

export function TurnBack() {
  const { attack } = choice.value;
  const now = run.value;
  const found = now?.done?.picture ?? now?.progress?.picture;
  return (
    <Step
      number={3}
      title="The server turns it back"
      sentence="The server, or whoever reads its traffic, looks for the picture that would cause just this update."
    >
      <Pick
        label="Attack"
        testId="attack"
        value={attack}
        options={choices.attacks}
        sentence={choices.attacks.find(({ id }) => id === attack)!.sentence}
        onChange={(id) => choose({ attack: id })}
      />
      <Go />
      <div class="pair" id="pictures">
        <Captioned picture={now?.original ?? chosen.value.picture} label="The client's picture">
          the client's picture
        </Captioned>
        <Captioned picture={found} label="What the server has made of the update so far">
          what the server got
        </Captioned>
      </div>
      <Label run={now} />
      <Outcome run={now} />
      <NextStep run={now} />
      <Curve run={now} />
    </Step>
  );
}

/** Start or stop, and how far it is. */
function Go() {
  const start = () => {
    startRun();
    // On a phone the button is in reach while the pictures are not.
    document.getElementById("pictures")?.scrollIntoView({ block: "nearest" });
  };
  const now = run.value;
  const progress = now?.progress;
  return (
    <div class="go">
      {running.value ? (
        <button type="button" class="stop" onClick={stopRun}>
          Stop
        </button>
      ) : (
        <button type="button" class="start" data-testid="start" onClick={start}>
          Send the update
        </button>
      )}
      <progress
        aria-label="Progress of the attack"
        max={1}
        value={
          now?.done ? 1 : progress ? (progress.start + progress.iteration / progress.iterations) / progress.starts : 0
        }
      />
      <small>{stateOf(now)}</small>
    </div>
  );
}

function stateOf(now: Run | null): string {
  const before = engine.value ? "ready" : "loading the engine";
  if (!now) return before;
  if (now.problem !== null) return "failed";
  if (now.stopped) return "stopped";
  if (now.done) {
    return hashOf(now.choice) === hashOf(choice.value)
      ? `done in ${now.done.seconds.toFixed(1)} s`
      : "changed, not sent yet";
  }
  if (now.inControl) return "checks the attack without the defense";
  if (!now.update) return engine.value ? "the client trains" : before;
  if (!now.progress) return "the server prepares";
  const { iteration, iterations, start, starts } = now.progress;
  return `step ${iteration} of ${iterations}${starts > 1 ? `, try ${start + 1} of ${starts}` : ""}`;
}

/** The moment the label is known. */
function Label({ run }: { run: Run | null }) {
  const label = run?.label;
  if (!label) return <p class="event">Nobody has shown the server the picture or its label.</p>;
  const name = <strong>{nameOfClass(label.label)}</strong>;
  const wrong = label.label !== run.truth && ` Wrong: it is ${nameOfClass(run.truth)}.`;
  return (
    <p class="event known">
      {label.sure ? (
        <>The server already knows the label: {name}. It is the only class whose last bias the update raises.</>
      ) : (
        <>The server can only guess the label, {name}: several classes fit what was sent.</>
      )}
      {wrong}
    </p>
  );
}

function Curve({ run }: { run: Run | null }) {
  const latest = run?.progress?.start;
  const curves = (run?.curves ?? []).filter(({ points }) => points.length > 1);
  if (curves.length === 0) return <div class="no-curve" />;
  return (
    <LossChart
      caption="Difference between the sent update and the guess's update: the lower, the closer"
      curves={curves
        .toSorted((a, b) => Number(b.start === latest) - Number(a.start === latest))
        .map(({ start, points }) => ({ label: `try ${start + 1}`, role: start === latest ? "main" : "start", points }))}
    />
  );
}

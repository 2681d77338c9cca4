// The playground: three steps from a picture to what its update gives away.
import { ChoosePicture } from "./components/choose-picture.js";
import { Runs } from "./components/runs.js";
import { SendUpdate } from "./components/send-update.js";
import { TurnBack } from "./components/turn-back.js";
import { credits } from "./portraits.js";

import { engine, run } from "./run.js";
import { decibels, nameOfClass, verdicts } from "./words.js";

export function Page() {
  return (
    <>
      <header class="top">
        <strong class="brand">Leakscope playground</strong>
        <p class="private">
          Everything happens in this tab. The page is not allowed to send anything, so no picture leaves your machine.
        </p>
      </header>
      <main>
        <h1>Can a picture be rebuilt from what a model learned of it?</h1>
        <p class="lead">
          Phones keep their pictures and send updates of a shared model instead. Press “Send the update” and see what is
          in one.
        </p>
        <div class="steps">
          <ChoosePicture />
          <SendUpdate />
          <TurnBack />
          <Runs />
        </div>
        <p class="unseen" role="status">
          {announcement()}
        </p>
      </main>
      <footer class="credits">
        <p>
          This is one picture, one client and one step of training, the easiest case for an attack. What your own
          federation gives away, to whom and what stops it is measured by <code>leakscope audit</code>;{" "}
          <code>leakscope explain ID</code> and the pages in docs/ tell of each attack and defense, with their papers.
        </p>
        <p>
          {credits.join("; ")}. {engine.value && `Computed by ${engine.value.backend}, in this tab.`}
        </p>
      </footer>
    </>
  );
}

/** What somebody who does not see the page hears while a run goes on. */
function announcement(): string {
  const now = run.value;
  if (!now) return "";
  if (now.problem !== null) return now.problem;
  if (now.stopped) return "Stopped.";
  if (now.done) return `${verdicts[now.done.verdict].word}: ${decibels(now.done.psnr)}. ${now.done.why}`;
  if (now.label) return `The server knows the label: ${nameOfClass(now.label.label)}.`;
  return now.update ? "The update was sent." : "The client computes its update.";
}

// What is worth trying after a run, as buttons that do it.
import { type Choice, choose, withDefense } from "../choice.js";
import { choices } from "../protocol.js";
import { type Run, startRun } from "../run.js";

export function NextStep({ run }: { run: Run | null }) {
  const change = (changes: Partial<Choice>) => () => {
    choose(changes);
    startRun();
  };
  const done = run?.done;
  const [first] = choices.defenses;
  const other = choices.attacks.find(({ id }) => id !== run?.choice.attack);
  return (
    <div class="next">
      {done &&
        (run.choice.defense === null ? (
          <button type="button" onClick={change(withDefense(first!.id))}>
            Now switch on {first!.name}
          </button>
        ) : (
          <button type="button" onClick={change(withDefense(null))}>
            Now without the defense
          </button>
        ))}
      {done && (
        <button type="button" onClick={change({ seed: run.choice.seed + 1 })}>
          Again, other random numbers
        </button>
      )}
      {done?.verdict === "unknown" && (
        <button type="button" onClick={change({ attack: other!.id })}>
          Try {other!.name}
        </button>
      )}
    </div>
  );
}

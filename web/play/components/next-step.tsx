// What is worth trying after a run, as buttons that do it.
import { type Choice, choose, defenseOf, withDefense } from "../choice.js";
import { choices } from "../protocol.js";
import { type Run, startRun } from "../run.js";
import { formatStrength } from "../words.js";

export function NextStep({ run }: { run: Run | null }) {
  const change = (changes: Partial<Choice>) => () => {
    choose(changes);
    startRun();
  };
  const done = run?.done;
  const nearby = done && stepFrom(run.choice, done.verdict === "leaked");
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
      {nearby && (
        <button type="button" onClick={change({ strength: nearby.strength })}>
          {nearby.text}
        </button>
      )}
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

/** The next step of the defense's strength, up or down; null at the end of the scale. */
function stepFrom({ defense, strength }: Choice, stronger: boolean): { strength: number; text: string } | null {
  const offer = defenseOf(defense)?.strength;
  const next = offer?.steps[offer.steps.indexOf(strength) + (stronger ? 1 : -1)];
  if (!offer || next === undefined) return null;
  return { strength: next, text: `${stronger ? "Stronger" : "Weaker"}: ${formatStrength(next, offer.unit)}` };
}

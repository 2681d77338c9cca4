// The command line of `npm run bench`.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases, extras, labelOf, selectCases } from "./cases.js";
import { FRACTION, GUARDED } from "./guard.js";

const REFERENCE = fileURLToPath(new URL("./reference.json", import.meta.url));

export const HELP = `Usage: npm run bench -- [options]

Times one gradient-matching step of leakscope and of PyTorch in turns, on an otherwise idle machine.
ratio = PyTorch's time / ours, paired by round: above 1, ours is faster.

  --case NAME[:BATCH]   only this case; may be given again. Known:
${cases.map((each) => `                          ${labelOf(each)}`).join("\n")}
                        and beside PyTorch: ${extras.join(", ")}
  --json FILE           also write the figures as JSON
  --markdown FILE       also write them as bench/RESULTS.md is; PyTorch with all threads, then with one
  --quick               few short rounds, no waiting for a quiet machine: to see that it runs, not to quote
                        (it flatters us on small nets)
  --patience SECONDS    longest wait for a quiet machine, per case (default 60)
  --threads N           PyTorch's threads (default: all cores, as ours); given again, all is measured again
  --python PATH         a Python with PyTorch (default: /usr/bin/python3)

Without PyTorch, for continuous integration:

  --guard               compare the share of a kernel's speed on this machine that a few steps reach
                        (${GUARDED.join(", ")})
                        with bench/reference.json; exit code 1 when one is below ${FRACTION} of it
  --update-reference    measure these shares and write them there
  --reference FILE      another file than bench/reference.json
  --help

Examples: npm run bench -- --case lenet/l2:1 --json bench.json
          npm run bench -- --guard
`;

export const THOROUGH = { rounds: 15, blockMs: 150, patienceMs: 60_000 };
/** In blocks this short PyTorch still meets our runtime's spinning threads, and small nets look twice as slow there. */
export const QUICK = { rounds: 3, blockMs: 20, patienceMs: 0 };
const GUARDING = { rounds: 7, blockMs: 60, patienceMs: 10_000 };

export function wholeNumber(text, name) {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} takes a whole number, got "${text}"`);
}

function threadCounts({ threads, markdown }) {
  if (!threads) return [...new Set([availableParallelism(), ...(markdown ? [1] : [])])];
  const counts = threads.map((text) => wholeNumber(text, "threads"));
  if (counts.includes(0)) throw new RangeError("--threads takes at least 1");
  return counts;
}

/** What was asked for. Throws RangeError or TypeError with a message for the user. */
export function readOptions() {
  const string = { type: "string" };
  const strings = { type: "string", multiple: true };
  const flag = { type: "boolean", default: false };
  const { values } = parseArgs({
    options: {
      ...{ case: strings, json: string, markdown: string, quick: flag, patience: string, threads: strings },
      ...{ python: { type: "string", default: "/usr/bin/python3" }, help: flag },
      ...{ guard: flag, "update-reference": flag, reference: { type: "string", default: REFERENCE } },
    },
  });
  const guarding = values.guard || values["update-reference"];
  const effort = { ...(values.quick ? QUICK : guarding ? GUARDING : THOROUGH) };
  if (values.patience !== undefined) effort.patienceMs = 1000 * wholeNumber(values.patience, "patience");
  const named = values.case ?? [];
  const selected = named.filter((label) => !extras.includes(label)).flatMap(selectCases);
  return {
    ...values,
    effort,
    threads: threadCounts(values),
    selected: values.case ? selected : cases,
    guarded: values.case ? selected.map(labelOf) : GUARDED,
    extras: values.case ? extras.filter((extra) => named.includes(extra)) : extras,
  };
}

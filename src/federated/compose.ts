// Which defenses go together in one round, and in what order (spec/defenses.md 0.1, rules 1 to 3). Whatever cannot be carried out is refused by
// name and reason: a defense that is skipped in silence is worse than none.
import { type AttachedDefense, type Hooks, type Need, stages } from "./hooks.js";
import type { Algorithm, Protocol } from "./protocol.js";

/** A federation that cannot carry a defense says so instead of skipping it. */
export class UnsupportedDefenseError extends Error {
  override name = "UnsupportedDefenseError";
}

const supplied: ReadonlySet<Need> = new Set<Need>(["perSampleGrad", "inputJacobian", "privateNoise", "peerChannel"]);

/** Hooks that an algorithm has no place for. */
const absentHooks: Readonly<Record<Algorithm["kind"], readonly (keyof Hooks)[]>> = {
  FedSGD: ["localStep"],
  FedAvg: [],
};

/** Hooks whose result does not build on what another defense gave: two of them would undo each other. */
const exclusiveHooks = [
  "drawBatch",
  "localStep",
  "aggregate",
  "applyServerStep",
] as const satisfies readonly (keyof Hooks)[];

/** Whether the server sees no single upload with this defense on. */
export const hidesUploads = ({ stage, hidesUploads: said }: AttachedDefense): boolean => said ?? stage === "masking";

interface Conflict {
  readonly between: readonly [(defense: AttachedDefense) => boolean, (defense: AttachedDefense) => boolean];
  readonly reason: string;
}

const conflicts: readonly Conflict[] = [
  {
    between: [hidesUploads, ({ stage, agreedCoordinates }) => stage === "sparsification" && !agreedCoordinates],
    reason: "masks cancel only where all clients send the same coordinates; let them agree on common ones",
  },
  {
    between: [hidesUploads, ({ stage, hooks }) => stage === "server" && Boolean(hooks.collect ?? hooks.aggregate)],
    reason: "the server cannot clip, weigh or compare single uploads that it cannot read; clip at the clients",
  },
  {
    between: [hidesUploads, hidesUploads],
    reason: "an upload is masked or encrypted once",
  },
];

/** Defenses in canonical order. Throws UnsupportedDefenseError when one cannot be carried out, or two not together. */
export function arrange(defenses: readonly AttachedDefense[], protocol: Protocol): AttachedDefense[] {
  const twice = defenses.find(({ id }, position) => defenses.findIndex((other) => other.id === id) !== position);
  if (twice)
    throw new UnsupportedDefenseError(`defense ${twice.id} is attached twice; a round holds each defense once`);
  for (const defense of defenses) checkAlone(defense, protocol);
  defenses.forEach((first, position) => {
    for (const second of defenses.slice(position + 1)) checkPair(first, second);
  });
  return [...defenses].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
}

function checkAlone(defense: AttachedDefense, { algorithm, mode, statistics }: Protocol): void {
  const { id, needs, hooks } = defense;
  const need = needs.find((name) => !supplied.has(name));
  if (need) {
    throw new UnsupportedDefenseError(`defense ${id} needs "${need}", which a ${algorithm.kind} round cannot supply`);
  }
  const hook = absentHooks[algorithm.kind].find((name) => hooks[name]);
  if (hook) {
    throw new UnsupportedDefenseError(
      `defense ${id} acts at "${hook}", which a ${algorithm.kind} round does not have; FedAvg has every hook`,
    );
  }
  if (hooks.peerExchange && !needs.includes("peerChannel")) {
    throw new UnsupportedDefenseError(`defense ${id} acts at "peerExchange" and has to declare the need "peerChannel"`);
  }
  if (hidesUploads(defense) && mode === "train" && statistics === "shared") {
    throw new UnsupportedDefenseError(
      `defense ${id} hides uploads, beside which BatchNorm statistics would go in the clear; keep statistics hidden, or mode eval`,
    );
  }
}

function checkPair(first: AttachedDefense, second: AttachedDefense): void {
  const hook = exclusiveHooks.find((name) => first.hooks[name] && second.hooks[name]);
  if (hook) {
    throw new UnsupportedDefenseError(
      `defenses ${first.id} and ${second.id} do not go together: both decide "${hook}"; keep one of them`,
    );
  }
  for (const { between, reason } of conflicts) {
    const [one, other] = between;
    if ((one(first) && other(second)) || (one(second) && other(first))) {
      throw new UnsupportedDefenseError(`defenses ${first.id} and ${second.id} do not go together: ${reason}`);
    }
  }
}

// From a configuration to cells and the cases behind them. Letters that hand an attack the same things share one case; pairs that the
// threat model denies, and settings that an attack does not work on, become cells that are not applicable.
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Attack } from "../attacks/define.js";
import type { Defense } from "../defenses/define.js";
import { models } from "../models/index.js";
import { handedOver, refusal, type ThreatLetter, threatLetters, weakestThreat } from "../threat/capabilities.js";
import type { CaseSpec, Chosen } from "./case.js";
import type { Catalogue } from "./catalogue.js";
import { type AttackSetting, type Config, configFor, configSchema } from "./config.js";
import { embedded } from "./content.js";
import { basicKnowledge } from "./evaluate.js";
import { caseKey } from "./key.js";
import { nearest } from "./nearest.js";
import { easiest, imagesPerUpdate, isPlain, recordsPerFederation } from "./protocol.js";
import { chooseMetric } from "./score.js";
import { unevenIn } from "./setting.js";
import { type TrainingSpec, trainingSpec } from "./training.js";

/** A configuration that names something unknown or gives it impossible options. */
export class PlanError extends Error {
  override name = "PlanError";
}

export interface PlannedCase {
  readonly key: string;
  readonly spec: CaseSpec;
}

export interface PlannedCell {
  readonly threat: ThreatLetter;
  readonly attack: Attack;
  readonly attackOptions: Chosen["options"];
  /** What is different for this attack, and the configuration with it. */
  readonly setting: AttackSetting | undefined;
  readonly own: Config;
  readonly defense: Defense | null;
  readonly defenseOptions: Chosen["options"];
  /** True when the attacker knows the defense. */
  readonly adaptive: boolean;
  /** The case that decides the cell, or why there is none. */
  readonly case: PlannedCase | null;
  readonly reason: string | null;
  /** What tells the defense's cost in accuracy; null without a defense or where it is not asked for. */
  readonly utility: { readonly with: PlannedTraining; readonly without: PlannedTraining } | null;
}

export interface PlannedTraining {
  readonly key: string;
  readonly spec: TrainingSpec;
}

export interface Plan {
  readonly cells: readonly PlannedCell[];
  /** The case that each attack must win, by attack id. */
  readonly controls: ReadonlyMap<string, PlannedCase>;
  /** The easiest case on the user's own model, by key of the attack with its options. */
  readonly ownControls: ReadonlyMap<string, PlannedCase>;
  readonly backend: string;
}

export interface PlanSettings {
  readonly originals: CaseSpec["originals"];
  readonly backend: string;
  readonly code: string;
  /** Fingerprint of the user's files (content.ts). */
  readonly content: string;
}

/** Records that the own-model control tries, each as a batch of one. */
const OWN_CONTROL_RECORDS = 2;

/** What names the own-model control of a cell. */
export const attackKey = ({
  attack,
  attackOptions,
  setting,
}: Pick<PlannedCell, "attack" | "attackOptions" | "setting">): string =>
  `${attack.id} ${JSON.stringify(attackOptions)} ${JSON.stringify(setting ?? {})}`;

function choose<T extends { readonly id: string; readonly options: z.ZodObject }>(
  kind: string,
  choice: string | { readonly id: string; readonly [option: string]: unknown },
  known: ReadonlyMap<string, T>,
): { definition: T; options: Chosen["options"] } {
  const { id, setting: _, ...options } = typeof choice === "string" ? { id: choice, setting: undefined } : choice;
  const definition = known.get(id);
  if (!definition) {
    const close = nearest(id, [...known.keys()]);
    throw new PlanError(
      `unknown ${kind} "${id}"${close ? `; did you mean "${close}"?` : ""} There are ${[...known.keys()].join(", ")}`,
    );
  }
  const parsed = definition.options.strict().safeParse(options);
  if (!parsed.success) throw new PlanError(`${kind} ${id}: ${z.prettifyError(parsed.error)}`);
  return { definition, options: parsed.data };
}

export function planAudit(config: Config, { attacks, defenses, metrics }: Catalogue, settings: PlanSettings): Plan {
  if (config.model.file === undefined && !models[config.model.name]) {
    const close = nearest(config.model.name, Object.keys(models));
    throw new PlanError(`unknown model "${config.model.name}"${close ? `; did you mean "${close}"?` : ""}`);
  }
  for (const name of config.metrics) chooseMetric(name, metrics);
  const chosenAttacks = config.attacks.map((choice) => {
    const setting = typeof choice === "string" ? undefined : choice.setting;
    const own = configFor(config, setting);
    const uneven = unevenIn(own);
    if (uneven) throw new PlanError(uneven);
    const against = own.defenses.map((each) => (each === "none" ? null : choose("defense", each, defenses)));
    return { ...choose("attack", choice, attacks), own, setting, against };
  });

  const planCase = (spec: CaseSpec): PlannedCase => ({ spec, key: caseKey(spec, settings.code) });
  const planTraining = (own: Config, defense: Chosen | null, numbers: Exclude<Config["utility"], false>) => {
    const spec = trainingSpec(own, numbers, defense, settings);
    return { spec, key: caseKey(spec, settings.code) };
  };
  const planUtility = (own: Config, defense: Chosen | null): PlannedCell["utility"] =>
    defense && config.utility
      ? { with: planTraining(own, defense, config.utility), without: planTraining(own, null, config.utility) }
      : null;
  const base = (attack: Attack, options: Chosen["options"], threat: ThreatLetter, own: Config): CaseSpec => ({
    model: own.model,
    data: own.data,
    surrogate: own.surrogate,
    federation: own.federation,
    ...(own.updates === undefined ? {} : { updates: own.updates }),
    labels: own.labels,
    metrics: config.metrics,
    originals: settings.originals,
    seed: config.seed,
    budgetSeconds: config.budget.seconds,
    threat: canonicalThreat(attack, threat, own),
    attack: { id: attack.id, options },
    defense: null,
    adaptive: false,
    backend: settings.backend,
    content: settings.content,
  });

  const cells = config.threats.flatMap((threat) =>
    chosenAttacks.flatMap(({ definition: attack, options, own, setting, against }) =>
      against.flatMap((defense) => {
        const reason = refusal(attack.id, attack.needs, threat) ?? unfit(attack, own);
        const chosen = defense ? { id: defense.definition.id, options: defense.options } : null;
        const variants = chosen && attack.adaptsTo?.includes(chosen.id) ? [false, true] : [false];
        return variants.map(
          (adaptive): PlannedCell => ({
            threat,
            attack,
            attackOptions: options,
            setting,
            own,
            defense: defense?.definition ?? null,
            defenseOptions: defense?.options ?? {},
            adaptive,
            case: reason ? null : planCase({ ...base(attack, options, threat, own), defense: chosen, adaptive }),
            reason,
            utility: reason ? null : planUtility(own, chosen),
          }),
        );
      }),
    ),
  );

  // Measures of vulnerability look at no attack: the first undefended case takes them for all.
  const measured = config.vulnerability ? cells.find((cell) => cell.case !== null && cell.defense === null) : undefined;
  const withMeasures = measured && planCase({ ...measured.case!.spec, vulnerability: true });
  const measuring = (cell: PlannedCell): PlannedCell =>
    withMeasures && cell.case?.key === measured.case!.key ? { ...cell, case: withMeasures } : cell;
  const planned = cells.map(measuring);

  const running = cells.filter((cell) => cell.case !== null);
  const controls = new Map(running.map(({ attack }) => [attack.id, planCase(controlSpec(attack, settings))]));
  const ownControls = new Map(
    running.map((cell) => {
      const { attack, attackOptions, threat, own } = cell;
      const { records } = own.data;
      const count = recordCount(own);
      const federation = easiest(attack, own.federation);
      const size = recordsPerFederation(federation, 1);
      const number = size * Math.min(OWN_CONTROL_RECORDS, Math.floor(count / size) || 1);
      const few = typeof records === "number" ? Math.min(records, number) : records.slice(0, number);
      // Captured updates are not of the easiest case: that one is simulated.
      const { updates: _, ...simulated } = base(attack, attackOptions, weakestThreat(attack.needs) ?? threat, own);
      const spec: CaseSpec = {
        ...simulated,
        data: { ...own.data, records: few },
        federation,
        labels: "known",
      };
      return [attackKey(cell), planCase(spec)];
    }),
  );
  return { cells: planned, controls, ownControls, backend: settings.backend };
}

/** The weakest letter that tells this attack the same: what only confirms its assumptions tells it nothing. */
function canonicalThreat(attack: Attack, threat: ThreatLetter, { data, federation }: Config): ThreatLetter {
  const { assumes } = attack;
  const certain = data.normalization === "none" && isPlain(federation);
  const knowledge = certain ? basicKnowledge(federation, null) : undefined;
  const confirmed = isDeepStrictEqual(assumes?.basicKnowledge, knowledge) ? "basicKnowledge" : undefined;
  const told = (letter: ThreatLetter) =>
    handedOver(letter, attack.needs, attack.uses)
      .filter((capability) => capability !== confirmed || attack.needs.includes(capability))
      .join();
  return (
    threatLetters.find((letter) => !refusal(attack.id, attack.needs, letter) && told(letter) === told(threat)) ?? threat
  );
}

const recordCount = ({ data: { records } }: Config): number => (typeof records === "number" ? records : records.length);

function unfit({ id, needs, works }: Attack, config: Config): string | null {
  const { federation, updates } = config;
  const { algorithms, modes = ["eval"], rounds = "one", maxBatch } = works;
  if (!algorithms.includes(federation.algorithm)) {
    return `attack ${id} works on ${algorithms.join(", ")}; the federation's algorithm is ${federation.algorithm}`;
  }
  if (!modes.includes(federation.mode)) {
    return `attack ${id} reckons with BatchNorm in mode ${modes.join(", ")}; the federation's mode is ${federation.mode}`;
  }
  if (rounds === "several" && updates === undefined && federation.rounds === 1) {
    return `attack ${id} compares several rounds; the federation has one, set federation.rounds`;
  }
  if (updates !== undefined && (needs.includes("activeManipulation") || needs.includes("clientSelection"))) {
    return `attack ${id} acts while the federation runs; captured updates answered an honest server`;
  }
  const images = imagesPerUpdate(federation, recordCount(config));
  if (images > maxBatch) {
    return `attack ${id} works on batches of up to ${maxBatch} image(s); there are ${images} behind an update of this federation`;
  }
  return null;
}

/** The attack's own winnable case, on the embedded portraits so that it runs everywhere. */
export function controlSpec({ id, control, options, needs }: Attack, settings: PlanSettings): CaseSpec {
  const { model, classes, batchSize } = control;
  const played = configSchema.parse({
    model: { name: model, ...(classes === undefined ? {} : { classes }) },
    federation: { batchSize, ...control.federation },
  });
  return {
    model: played.model,
    data: { source: "portraits", records: recordsPerFederation(played.federation, batchSize), normalization: "none" },
    surrogate: configSchema.parse({ surrogate: { records: 256 } }).surrogate,
    federation: played.federation,
    labels: "recovered",
    metrics: ["psnr"],
    originals: "show",
    seed: control.seed,
    budgetSeconds: 300,
    threat: weakestThreat(needs) ?? "H",
    attack: { id, options: options.parse(control.options) },
    defense: null,
    adaptive: false,
    backend: settings.backend,
    content: embedded,
  };
}

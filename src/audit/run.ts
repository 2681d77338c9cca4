// The audit: plan, run controls and cells on the pool, judge, advise. Cells finish independently; an abort keeps what is finished.

import { cpus, platform, release, totalmem } from "node:os";
import { openDataset } from "../data/open.js";
import { createRandom } from "../math/random.js";
import { advise, summarise } from "./advise.js";
import { judgeAssertions } from "./assert.js";
import { type AuditJson, schemaVersion } from "./audit-json.js";
import { bringGenerator } from "./bring-generator.js";
import { loadCatalogue } from "./catalogue.js";
import { describeCell, type Outcome, ownCell } from "./cell.js";
import type { Config } from "./config.js";
import { contentOf } from "./content.js";
import type { AuditEvent, PlannedJob } from "./interfaces.js";
import { attackKey, type Plan, type PlannedCase, type PlannedTraining, planAudit } from "./plan.js";
import { addCase, addTraining, type JobTools, runCases, work } from "./run-jobs.js";
import { openSetting, resolveRecords } from "./setting.js";
import type { TrainingOutcomes } from "./utility.js";
import { describeVulnerability, type MeasuredBatch } from "./vulnerability.js";

export interface AuditTools extends JobTools {
  /** Takes the audit as far as it has come, marked as interrupted, now and then while it runs; default: nobody does. */
  readonly checkpoint?: (audit: AuditJson) => Promise<void>;
  /** What the pool computes on, by the backend's name. */
  readonly backend: string;
  /** Version and hash of the built code. */
  readonly tool: { readonly version: string; readonly code: string };
}

/** Runs the audit of `config`. Throws PlanError or DataError before anything runs; never rejects on abort. */
export async function runAudit(config: Config, tools: AuditTools): Promise<AuditJson> {
  const startedAt = new Date();
  const catalogue = await loadCatalogue();
  const { records: wanted, normalization: _, ...source } = config.data;
  const dataset = await openDataset(source);
  const records = resolveRecords(wanted, dataset);
  const originals = config.report.originals ?? (dataset.synthetic ? "show" : "omit");
  const plan = planAudit(config, catalogue, {
    originals,
    backend: tools.backend,
    code: tools.tool.code,
    content: await contentOf(config),
  });

  // Weights, surrogate pictures or a generator's manifest that cannot be used stop the audit here, not cell by cell.
  const sample = plan.cells.find(({ case: planned }) => planned !== null)?.case;
  if (sample) {
    const { dataset: pictures } = await openSetting(sample.spec, createRandom(config.seed));
    const { generator } = config.surrogate;
    if (generator !== undefined) await bringGenerator(generator, pictures.shape);
  }

  const jobs = describeJobs(plan);
  const notApplicable = plan.cells.filter(({ case: planned }) => planned === null).length;
  tools.onEvent({ type: "planned", jobs: [...jobs.values()], cells: plan.cells.length, notApplicable });
  const outcomes = new Map<string, Outcome>();
  const trained: TrainingOutcomes = new Map();
  const describe = (interrupted: boolean): AuditJson => {
    const cells = plan.cells.map((cell) => describeCell(cell, plan, outcomes, trained, config));
    const machine = cpus();
    return {
      schemaVersion,
      tool: { name: "leakscope", ...tools.tool },
      config,
      machine: {
        platform: `${platform()} ${release()}`,
        cpu: machine[0]?.model.trim() ?? "unknown",
        cores: machine.length,
        memoryGb: Math.round(totalmem() / 2 ** 30),
        node: process.version,
        runtime: "onnxruntime-node",
        backend: tools.backend,
      },
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      interrupted,
      originals,
      data: { id: dataset.id, records, classes: [...dataset.classes], synthetic: dataset.synthetic },
      credits: [...dataset.credits],
      cells,
      vulnerability: describeVulnerability(measuredBatches(plan, outcomes), cells),
      findings: advise(cells, catalogue.defenses),
      assertions: judgeAssertions(config.assert, cells, [...catalogue.metrics.values()]),
      summary: summarise(cells),
    };
  };
  const checkpoints = takeCheckpoints(() => describe(true), tools.checkpoint);
  const onEvent = (event: AuditEvent): void => {
    tools.onEvent(event);
    if (event.type === "finished") checkpoints.due();
  };
  const first = [...plan.cells.flatMap(({ case: planned }) => (planned ? [planned] : [])), ...plan.controls.values()];
  const listening = { ...tools, onEvent };
  await work(
    [
      ...unique(first).map((planned) => () => addCase(planned, outcomes, listening)),
      ...trainingsOf(plan).map((planned) => () => addTraining(planned, trained, listening)),
    ],
    listening,
  );
  await runCases(unique(neededOwnControls(plan, outcomes)), outcomes, listening);
  await checkpoints.end();
  return describe(tools.signal.aborted);
}

function measuredBatches(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): readonly MeasuredBatch[] {
  const measured = plan.cells.find((cell) => cell.case?.spec.vulnerability);
  const result = measured && outcomes.get(measured.case!.key)?.result;
  return result && !(result instanceof Error) ? (result.vulnerability ?? []) : [];
}

/** Between two checkpoints passes this long, and nine times what the last one took. */
const CHECKPOINT_MS = 3000;

/** Calls `take` with what `describe` gives, no sooner than it is due, one after the other. A failure is the next call's or the end's. */
function takeCheckpoints(describe: () => AuditJson, take: AuditTools["checkpoint"]) {
  let [next, running] = [Date.now() + CHECKPOINT_MS, Promise.resolve()];
  let busy = false;
  return {
    due() {
      if (!take || busy || Date.now() < next) return;
      busy = true;
      const started = Date.now();
      running = running.then(async () => {
        await take(describe());
        next = Date.now() + Math.max(CHECKPOINT_MS, 9 * (Date.now() - started));
        busy = false;
      });
      // Awaited at the end; until then it is not unheard of.
      running.catch(() => {});
    },
    end: () => running,
  };
}

const unique = <Planned extends { readonly key: string }>(all: readonly Planned[]): Planned[] => [
  ...new Map(all.map((planned) => [planned.key, planned])).values(),
];

/** Those without a defense first: they are needed by all others. */
const trainingsOf = ({ cells }: Plan): PlannedTraining[] => {
  const pairs = cells.flatMap(({ utility }) => (utility ? [utility] : []));
  return unique([...pairs.map(({ without }) => without), ...pairs.map((pair) => pair.with)]);
};

function describeJobs(plan: Plan): Map<string, PlannedJob> {
  const jobs = new Map<string, PlannedJob>();
  for (const { case: planned, attack, defense, threat, adaptive } of plan.cells) {
    if (!planned) continue;
    const threats = [...(jobs.get(planned.key)?.threats ?? []), threat];
    jobs.set(planned.key, {
      key: planned.key,
      kind: "cell",
      attack: attack.id,
      defense: `${defense?.id ?? "none"}${adaptive ? " (known)" : ""}`,
      threats,
    });
  }
  for (const [attack, { key }] of plan.controls)
    jobs.set(key, { key, kind: "control", attack, defense: "none", threats: [] });
  for (const { key, spec } of trainingsOf(plan))
    jobs.set(key, { key, kind: "training", attack: "", defense: spec.defense?.id ?? "none", threats: [] });
  return jobs;
}

/** The own-model control of every attack that did not already win an undefended cell with one image per batch. */
function neededOwnControls(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): PlannedCase[] {
  const won = new Set(plan.cells.filter((cell) => ownCell(cell, outcomes)).map((cell) => attackKey(cell)));
  return [...plan.ownControls].filter(([key]) => !won.has(key)).map(([, planned]) => planned);
}

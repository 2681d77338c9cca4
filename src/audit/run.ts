// The audit: plan, run controls and cells on the pool, judge, advise. Cells finish independently; an abort keeps what is finished.

import { cpus, platform, release, totalmem } from "node:os";
import { openDataset } from "../data/open.js";
import { createRandom } from "../math/random.js";
import { advise, summarise } from "./advise.js";
import { judgeAssertions } from "./assert.js";
import { type AuditJson, schemaVersion } from "./audit-json.js";
import { bringGenerator } from "./bring-generator.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { BACKEND, describeCell, type Outcome, ownCell } from "./cell.js";
import type { Config } from "./config.js";
import { contentOf } from "./content.js";
import type { AuditEvent, PlannedJob, Pool, Store } from "./interfaces.js";
import { attackKey, type Plan, type PlannedCase, planAudit } from "./plan.js";
import { openSetting, resolveRecords } from "./setting.js";
import { describeVulnerability, type MeasuredBatch } from "./vulnerability.js";

export interface AuditTools {
  readonly store: Store;
  readonly pool: Pool;
  readonly signal: AbortSignal;
  readonly onEvent: (event: AuditEvent) => void;
  /** Takes the audit as far as it has come, marked as interrupted, now and then while it runs; default: nobody does. */
  readonly checkpoint?: (audit: AuditJson) => Promise<void>;
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
    backend: BACKEND,
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
  const describe = (interrupted: boolean): AuditJson => {
    const cells = plan.cells.map((cell) => describeCell(cell, plan, outcomes, config));
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
        backend: BACKEND,
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
  await runCases(unique(first), outcomes, { ...tools, onEvent });
  await runCases(unique(neededOwnControls(plan, outcomes)), outcomes, { ...tools, onEvent });
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

const unique = (cases: readonly PlannedCase[]): PlannedCase[] => [
  ...new Map(cases.map((planned) => [planned.key, planned])).values(),
];

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
  return jobs;
}

/** The own-model control of every attack that did not already win an undefended cell with one image per batch. */
function neededOwnControls(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): PlannedCase[] {
  const won = new Set(plan.cells.filter((cell) => ownCell(cell, outcomes)).map((cell) => attackKey(cell)));
  return [...plan.ownControls].filter(([key]) => !won.has(key)).map(([, planned]) => planned);
}

/** What cases are run with. */
export type CaseTools = Pick<AuditTools, "store" | "pool" | "signal" | "onEvent">;

/** Runs cases side by side, those that the store knows excepted, until they are done or the signal is aborted. */
export async function runCases(
  cases: readonly PlannedCase[],
  outcomes: Map<string, Outcome>,
  tools: CaseTools,
): Promise<void> {
  const queue = [...cases];
  const work = async () => {
    for (let planned = queue.shift(); planned && !tools.signal.aborted; planned = queue.shift()) {
      const outcome = await runCase(planned.key, planned.spec, tools);
      if (outcome) outcomes.set(planned.key, outcome);
    }
  };
  await Promise.all(Array.from({ length: tools.pool.size }, work));
}

async function runCase(
  key: string,
  spec: CaseSpec,
  { store, pool, signal, onEvent }: CaseTools,
): Promise<Outcome | null> {
  const started = Date.now();
  const finish = (outcome: Outcome): Outcome => {
    const seconds = (Date.now() - started) / 1000;
    onEvent({ type: "finished", key, seconds, cached: outcome.cached, outcome: told(outcome.result) });
    return outcome;
  };
  const known = await store.read(key);
  if (known) return finish({ result: known, cached: true });
  onEvent({ type: "started", key });
  await store.log({ type: "started", key, attack: spec.attack.id, defense: spec.defense?.id ?? "none" });
  try {
    const result = await pool.run(spec, {
      signal,
      onProgress: (progress) => onEvent({ type: "progress", key, progress }),
    });
    await store.write(key, spec, result);
    await store.log({ type: "finished", key, seconds: result.seconds, outcome: told(result) });
    return finish({ result, cached: false });
  } catch (error) {
    if (signal.aborted) return null;
    const failure = error instanceof Error ? error : new Error(String(error));
    await store.log({ type: "failed", key, message: failure.message });
    return finish({ result: failure, cached: false });
  }
}

function told(result: CaseResult | Error): string {
  if (result instanceof Error) return "error";
  return result.images.some(({ leaked }) => leaked) ? "leak" : "no leak";
}

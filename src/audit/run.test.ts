// The audit on a pool that computes nothing: what is run, cached, judged and kept, whatever comes back.
import { describe, expect, it } from "vitest";
import { caseResult, receipt, trainingResult } from "../../test/audit-cases.js";
import { auditSchema, type CellJson } from "./audit-json.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { type ConfigInput, configSchema } from "./config.js";
import type { AuditEvent, Pool, Store } from "./interfaces.js";
import { runAudit } from "./run.js";
import type { TrainingResult } from "./training.js";

const LEAK = caseResult([45, 50]);
const HELD = caseResult([14, 12]);
const tool = { version: "0.0.0", code: "c0de" };

interface Kind {
  readonly control: boolean;
  readonly own: boolean;
  readonly defense: string;
  readonly attack: string;
}
/** Tells a control from a cell by what only it asks for: the user's data hold other records than controls do. */
const kindOf = ({ data, labels, defense, attack }: CaseSpec): Kind => ({
  control: !Array.isArray(data.records),
  own: labels === "known",
  defense: defense?.id ?? "none",
  attack: attack.id,
});

interface Play {
  readonly config?: ConfigInput;
  /** What the pool answers; an Error is thrown. */
  readonly answer: (kind: Kind, calls: number) => CaseResult | Error | Promise<CaseResult>;
  readonly kept?: Map<string, CaseResult>;
  /** What a training with or without a defense comes to; by default 50 %. */
  readonly train?: (defense: string) => TrainingResult | Error;
  readonly signal?: AbortSignal;
  readonly size?: number;
}

async function play({
  config = {},
  answer,
  kept = new Map(),
  train = () => trainingResult([0.5]),
  signal = new AbortController().signal,
  size = 1,
}: Play) {
  const ran: Kind[] = [];
  const trained: string[] = [];
  const trainings = new Map<string, TrainingResult>();
  const events: AuditEvent[] = [];
  const log: unknown[] = [];
  const store: Store = {
    read: async (key) => kept.get(key) ?? null,
    write: async (key, _, result) => void kept.set(key, result),
    readTraining: async (key) => trainings.get(key) ?? null,
    writeTraining: async (key, _, result) => void trainings.set(key, result),
    log: async (event) => void log.push(event),
  };
  const pool: Pool = {
    size,
    async run(spec) {
      ran.push(kindOf(spec));
      const result = await answer(kindOf(spec), ran.length);
      if (result instanceof Error) throw result;
      return result;
    },
    async train({ defense }) {
      trained.push(defense?.id ?? "none");
      const result = train(defense?.id ?? "none");
      if (result instanceof Error) throw result;
      return result;
    },
    close: async () => {},
  };
  const input = { threats: ["A"], attacks: ["dlg"], data: { records: [5, 6] }, surrogate: { records: 2 }, ...config };
  const audit = await runAudit(configSchema.parse(input), {
    store,
    pool,
    signal,
    onEvent: (event) => events.push(event),
    tool,
    backend: "node-cpu",
  });
  expect(() => auditSchema.parse(JSON.parse(JSON.stringify(audit)))).not.toThrow();
  return { audit, ran, trained, events, log, kept };
}
const naive = ({ cells }: { cells: readonly CellJson[] }) => cells.filter(({ adaptive }) => !adaptive);

describe("an audit", () => {
  it("runs every case once, its controls beside it, and the own-model control only where nothing was won", async () => {
    const won = await play({ answer: () => LEAK });
    expect(won.ran).toHaveLength(2);
    expect(won.audit.cells[0]).toMatchObject({ status: "leak", control: { status: "passed" } });
    expect(won.audit.cells[0]!.ownControl).toMatchObject({
      status: "passed",
      what: expect.stringContaining("the undefended cell itself"),
    });
    const lost = await play({ answer: ({ control, own }) => (control || own ? LEAK : HELD) });
    expect(lost.ran.filter(({ own }) => own)).toHaveLength(1);
    expect(lost.audit.cells[0]).toMatchObject({ status: "resisted", ownControl: { status: "passed" } });
  });

  it("computes one case for letters that tell an attack the same", async () => {
    const { audit, ran } = await play({
      config: { threats: ["A", "B", "C"], attacks: ["inverting-gradients"] },
      answer: () => LEAK,
    });
    expect(audit.cells.map(({ status }) => status)).toEqual(["not-applicable", "leak", "leak"]);
    expect(audit.cells[1]!.key).toBe(audit.cells[2]!.key);
    expect(ran.filter(({ control }) => !control)).toHaveLength(1);
    expect(audit.cells[0]!.reason).toMatch(/needs "basicKnowledge"/);
  });

  it("tells events in order: planned, then started and finished of every job", async () => {
    const { events, ran } = await play({ answer: () => LEAK });
    expect(events[0]).toMatchObject({ type: "planned", cells: 1, notApplicable: 0 });
    const jobs = events[0]!.type === "planned" ? events[0]!.jobs : [];
    expect(jobs.map(({ kind }) => kind).sort()).toEqual(["cell", "control"]);
    for (const type of ["started", "finished"])
      expect(events.filter((event) => event.type === type)).toHaveLength(ran.length);
  });
});

describe("what goes wrong", () => {
  it("makes error cells that say why, and is never cached: the next run tries again", async () => {
    const first = await play({ answer: ({ control }) => (control ? LEAK : new Error("out of memory")) });
    expect(first.audit.cells[0]).toMatchObject({ status: "error", reason: "out of memory" });
    expect(first.kept.size).toBe(1);
    expect(first.log).toContainEqual(expect.objectContaining({ type: "failed", message: "out of memory" }));
    const second = await play({ answer: () => LEAK, kept: first.kept });
    expect(second.audit.cells[0]!.status).toBe("leak");
    expect(second.audit.cells[0]!.control.status).toBe("cached");
    expect(second.ran).toHaveLength(1);
    expect((await play({ answer: () => HELD, kept: second.kept })).ran).toHaveLength(0);
  });

  it("in one cell leaves the others as they are", async () => {
    const { audit } = await play({
      config: { attacks: ["dlg", "idlg"] },
      answer: ({ attack, control }) => (attack === "idlg" && !control ? new Error("broken") : LEAK),
    });
    expect(audit.cells.map(({ status }) => status)).toEqual(["leak", "error"]);
    expect(audit.summary.A).toMatchObject({ leak: 1, error: 1 });
  });

  it("makes cells unknown when the control fails, by its figures or by an error", async () => {
    const { audit } = await play({ answer: () => HELD });
    expect(audit.cells[0]).toMatchObject({ status: "unknown", control: { status: "failed", measured: 14 } });
    expect(audit.cells[0]!.reason).toMatch(/lost the case that it must win.*best image 14\.0 dB/);
    expect(audit.summary.A!.score).toBeNull();
    const broken = await play({ answer: ({ control }) => (control ? new Error("no memory") : HELD) });
    expect(broken.audit.cells[0]).toMatchObject({
      status: "unknown",
      control: { status: "failed", reason: "no memory" },
    });
  });

  it("makes cells unknown, not tuned for this model, when only the own-model control fails", async () => {
    const { audit } = await play({ answer: ({ control }) => (control ? LEAK : HELD) });
    expect(audit.cells[0]).toMatchObject({ status: "unknown", ownControl: { status: "failed" } });
    expect(audit.cells[0]!.reason).toMatch(/^not tuned for this model/);
  });

  it("shows a sabotaged defense as an error, even where the picture leaked", async () => {
    const { audit } = await play({
      config: { defenses: ["none", "top-k"] },
      answer: ({ defense }) => (defense === "none" ? LEAK : { ...LEAK, receipt: receipt(true) }),
    });
    const [undefended, defended] = naive(audit);
    expect(undefended!.status).toBe("leak");
    expect(defended).toMatchObject({ status: "error", utility: { distortion: 0, bytes: 50, bytesWithout: 100 } });
    expect(defended!.reason).toMatch(/top-k returned its input unchanged/);
  });

  it("is unknown, not resisted, when the time ran out", async () => {
    const { audit } = await play({
      answer: ({ control, own }) => (control || own ? LEAK : { ...HELD, exhausted: true }),
    });
    expect(audit.cells[0]).toMatchObject({ status: "unknown", budget: { exhausted: true } });
  });
});

describe("an abort", () => {
  it("keeps what is finished, says interrupted, and lets a second run go on from there", async () => {
    const controller = new AbortController();
    const config = { attacks: ["dlg", "idlg"] };
    const { audit, kept, ran } = await play({
      config,
      signal: controller.signal,
      answer: (_, calls) => {
        if (calls < 2) return LEAK;
        controller.abort();
        return new Error("aborted");
      },
    });
    expect(audit.interrupted).toBe(true);
    expect(audit.cells.map(({ status }) => status)).toEqual(["leak", "unknown"]);
    expect(audit.cells[1]!.reason).toMatch(/it had not finished .*--resume/);
    expect([ran.length, kept.size]).toEqual([2, 1]);
    const resumed = await play({ config, answer: () => LEAK, kept });
    expect(resumed.audit.interrupted).toBe(false);
    expect(resumed.audit.cells.map(({ status }) => status)).toEqual(["leak", "leak"]);
    expect(resumed.ran).toHaveLength(3);
  });

  it("before the start runs nothing and rejects nothing", async () => {
    const { audit, ran } = await play({ answer: () => LEAK, signal: AbortSignal.abort() });
    expect(ran).toEqual([]);
    expect(audit).toMatchObject({ interrupted: true, cells: [{ status: "unknown" }] });
  });
});

describe("the pool", () => {
  it("is given as many cases at a time as it takes", async () => {
    let [running, most] = [0, 0];
    await play({
      config: { attacks: ["dlg", "idlg"], defenses: ["none", "top-k"] },
      size: 3,
      answer: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        return LEAK;
      },
    });
    expect(most).toBe(3);
  });
});

describe("the records of an audit", () => {
  it("must exist before anything runs", async () => {
    await expect(play({ config: { data: { records: [9999] } }, answer: () => LEAK })).rejects.toThrow(
      /asks for record 9999/,
    );
    await expect(play({ config: { attacks: ["dlgg"] }, answer: () => LEAK })).rejects.toThrow(/did you mean "dlg"/);
  });
});

// Runs whole cases, and proves that no attack can read the truth while it runs: what it is handed leads nowhere to the originals, and a
// data set that refuses to be read during the attack changes nothing.
import { afterEach, describe, expect, it, vi } from "vitest";
import { reachable, shows } from "../../test/reachable.js";
import { backend } from "../../test/small-round.js";
import type { Attack } from "../attacks/define.js";
import type { Dataset } from "../data/dataset.js";
import * as data from "../data/open.js";
import { weakestThreat } from "../threat/capabilities.js";
import { CapabilityError } from "../threat/observe.js";
import type { CaseSpec } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import { type ConfigInput, configSchema } from "./config.js";
import { type EvaluateTools, evaluateCase } from "./evaluate.js";
import { planAudit } from "./plan.js";
import { recordsPerFederation } from "./protocol.js";

const guard = vi.hoisted(() => ({ closed: false }));
vi.mock("../data/open.js", async (original) => {
  const { openDataset } = await original<typeof data>();
  const guarded = (dataset: Dataset): Dataset => {
    const check = <V>(value: V): V => {
      if (guard.closed) throw new Error("the truth was read during the attack");
      return value;
    };
    return {
      ...dataset,
      pixels: (index) => check(dataset.pixels(index)),
      label: (index) => check(dataset.label(index)),
    };
  };
  // Drawn once for all tests of this file.
  const opened = new Map<string, Promise<Dataset>>();
  return {
    openDataset: (spec: Parameters<typeof openDataset>[0]) => {
      const name = JSON.stringify(spec);
      opened.set(name, opened.get(name) ?? openDataset(spec).then(guarded));
      return opened.get(name)!;
    },
  };
});
afterEach(() => {
  guard.closed = false;
  vi.restoreAllMocks();
});

const catalogue = await loadCatalogue();
const few = { calls: 2, starts: 1, iterations: 3, trainingSteps: 3, refinements: 3, draws: 512 };

function specOf(attack: Attack, input: ConfigInput = {}): CaseSpec {
  const known = Object.fromEntries(Object.entries(few).filter(([option]) => option in attack.options.shape));
  const config = configSchema.parse({
    data: { source: "portraits", size: 16, records: [3, 4] },
    surrogate: { records: 30 },
    threats: [weakestThreat(attack.needs)],
    attacks: [{ id: attack.id, ...known }],
    vulnerability: false,
    ...input,
  });
  return planAudit(config, catalogue, { originals: "show", backend: "node-cpu", code: "", content: "embedded" })
    .cells[0]!.case!.spec;
}
const run = (spec: CaseSpec, tools: Partial<EvaluateTools> = {}) =>
  evaluateCase(spec, { backend, signal: new AbortController().signal, onProgress: () => {}, ...tools });

/** Two federations such as the attack's control plays, on small pictures. */
function playedBy({ control }: Attack): ConfigInput & { readonly data: { readonly records: number[] } } {
  const federation = { batchSize: control.batchSize, ...control.federation };
  const size = recordsPerFederation(configSchema.parse({ federation }).federation, control.batchSize);
  return {
    model: { name: control.model, ...(control.classes === undefined ? {} : { classes: control.classes }) },
    data: { source: "portraits", size: 16, records: Array.from({ length: 2 * size }, (_, i) => 3 + i) },
    federation,
  };
}

/** Closes the data set while the attack's `run` goes on; `look` sees what it is handed. */
function poison(attack: Attack, look: (...handed: Parameters<Attack["run"]>) => void | Promise<void> = () => {}) {
  const original = attack.run;
  return vi.spyOn(attack, "run").mockImplementation(async (...handed) => {
    guard.closed = true;
    try {
      await look(...handed);
      return await original.apply(attack, handed);
    } finally {
      guard.closed = false;
    }
  });
}

describe.each([...catalogue.attacks.values()])("$id", (attack) => {
  it.each(["recovered", "known"] as const)(
    "gives the same result with the truth out of reach, labels %s",
    async (labels) => {
      const played = playedBy(attack);
      const spec = specOf(attack, { ...played, labels });
      const { seconds: _, ...free } = await run(spec);
      const victims = await data.openDataset({ source: "portraits", size: 16 });
      const truth = played.data.records.map((record) =>
        Float64Array.from(victims.pixels(record), (byte) => byte / 255),
      );
      const spy = poison(attack, (input, _options, context) => {
        for (const held of reachable({ input, context })) {
          if (!(held instanceof Float64Array || held instanceof Float32Array || held instanceof Uint8Array)) continue;
          for (const pixels of truth) expect(shows(held, pixels)).toBe(false);
        }
      });
      const { seconds: __, ...blind } = await run(spec);
      // Once for each client, or batch, that it plays against.
      expect(spy.mock.calls.length).toBeGreaterThanOrEqual(2);
      expect(blind).toEqual(free);
    },
  );
});

describe("the guard of these tests", () => {
  it("catches an attack that reads the truth", async () => {
    const [attack] = catalogue.attacks.values();
    poison(attack!, async () => {
      (await data.openDataset({ source: "portraits", size: 16 })).pixels(3);
    });
    await expect(run(specOf(attack!))).rejects.toThrow("the truth was read during the attack");
  });
});

describe("a case", () => {
  const attack = catalogue.attacks.get("idlg")!;

  it("scores every image beside the floor and says what was handed over", async () => {
    const result = await run(specOf(attack, { metrics: ["mse", "ssim"] }));
    expect(result.images.map(({ record }) => record)).toEqual([3, 4]);
    expect(Object.keys(result.scores)).toEqual(["psnr", "iip", "mse", "ssim"]);
    expect(Object.keys(result.floor)).toEqual(Object.keys(result.scores));
    for (const { perImage } of Object.values(result.floor)) expect(perImage.every(Number.isFinite)).toBe(true);
    expect(result).toMatchObject({ handed: ["updates"], receipt: null, exhausted: false });
    expect(result.labels).toEqual({ accuracy: 1, method: "labels/idlg" });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it("reports no label accuracy where labels are known", async () => {
    expect((await run(specOf(attack, { labels: "known" }))).labels).toEqual({ accuracy: null, method: "known" });
  });

  it("depends on nothing but its specification", async () => {
    const spec = specOf(attack, { defenses: [{ id: "gaussian-noise", sigma: 0.01 }] });
    const [{ seconds: _, receipt: one, ...first }, { seconds: __, receipt: two, ...second }] = [
      await run(spec),
      await run(spec),
    ];
    expect(second).toEqual(first);
    expect(one).toMatchObject({ identity: false, distortion: two!.distortion });
    expect((await run({ ...spec, seed: 2 })).scores).not.toEqual(first.scores);
  });

  it("hands surrogate pictures and the power to rewrite models only to an attack whose threat model has them", async () => {
    const robbing = catalogue.attacks.get("robbing-the-fed")!;
    const spec = specOf(robbing);
    const [prepare, arm] = [vi.spyOn(robbing, "prepare"), vi.spyOn(robbing, "arm")];
    await expect(run({ ...spec, threat: "D" })).rejects.toThrow(CapabilityError);
    expect([prepare.mock.calls.length, arm.mock.calls.length]).toEqual([0, 0]);
    await run(spec);
    expect([prepare.mock.calls.length, arm.mock.calls.length]).toEqual([1, 1]);
    // An attack that declares less is not given more, though it has the parts.
    const modest = { ...attack, prepare: vi.fn(), arm: vi.fn() };
    const [attacks, original] = [catalogue.attacks as Map<string, Attack>, attack];
    attacks.set(attack.id, modest);
    try {
      await run({ ...specOf(attack), threat: "G" });
    } finally {
      attacks.set(attack.id, original);
    }
    expect(modest.prepare).not.toHaveBeenCalled();
    expect(modest.arm).not.toHaveBeenCalled();
  });

  it("shows, blurs or omits originals, and never a floor picture unless originals are shown", async () => {
    const spec = specOf(attack);
    const shown = await run({ ...spec, originals: "show" });
    const blurred = await run({ ...spec, originals: "blur" });
    const omitted = await run({ ...spec, originals: "omit" });
    expect(shown.images[0]!.original).toMatch(/^data:image\/png;base64,/);
    expect(blurred.images[0]!.original).toMatch(/^data:image\/png;base64,/);
    expect(blurred.images[0]!.original).not.toBe(shown.images[0]!.original);
    expect(omitted.images[0]!.original).toBeNull();
    expect([shown, blurred, omitted].map(({ images }) => images[0]!.floor !== null)).toEqual([true, false, false]);
    expect(omitted.scores).toEqual(shown.scores);
  });

  it("stops at an abort with the signal's reason", async () => {
    const controller = new AbortController();
    const spec = specOf(attack, { attacks: [{ id: "idlg", calls: 100_000, starts: 9, target: 0 }] });
    const onProgress = () => controller.abort(new Error("stopped"));
    await expect(run(spec, { signal: controller.signal, onProgress })).rejects.toThrow("stopped");
  });

  it("tells what client-side detectors see of a model that is not the honest one, and only then", async () => {
    const sight = async (id: string, input: ConfigInput = {}) => {
      const { detection } = await run(specOf(catalogue.attacks.get(id)!, input));
      return detection && { ...detection, alarms: detection.detectors.filter(({ alarm }) => alarm) };
    };
    expect(await sight("idlg")).toBeUndefined();
    const robbed = await sight("robbing-the-fed", playedBy(catalogue.attacks.get("robbing-the-fed")!));
    expect(robbed).toMatchObject({ detected: true, samples: 4, payloads: 1 });
    const rows = robbed!.alarms.find(({ detector }) => detector === "duplicate-rows")!;
    expect(rows.beyond).toBeGreaterThan(0);
    expect(rows.honest.alarm).toBe(false);
    // Queries that depend on answers: the first is the honest model and does not count.
    const fished = await sight("fishing", playedBy(catalogue.attacks.get("fishing")!));
    expect(fished!.payloads).toBeGreaterThanOrEqual(1);
    expect(fished!.detectors).toHaveLength(robbed!.detectors.length);
  });

  it("of a client that refuses what it was sent brings nothing back, and says why", async () => {
    const robbing = catalogue.attacks.get("robbing-the-fed")!;
    const { images, notes, receipt } = await run(specOf(robbing, { defenses: ["duplicate-rows"] }));
    expect(images.map(({ record, reconstruction, leaked }) => ({ record, reconstruction, leaked }))).toEqual([
      { record: 3, reconstruction: null, leaked: false },
      { record: 4, reconstruction: null, leaked: false },
    ]);
    expect(notes[0]).toMatch(/batch 1: nothing was uploaded: client 0, defense duplicate-rows: quarantine/);
    expect(receipt).toBeNull();
  });

  it("plays clients of FedAvg by itself, each of which is attacked", async () => {
    const spec = specOf(attack, { data: { source: "portraits", size: 16, records: 6 } });
    const federation = { ...spec.federation, clients: 3, samples: 2, batchSize: 1, localEpochs: 2 } as const;
    const seen: unknown[] = [];
    const spy = poison(attack, ({ observation }) => {
      seen.push(observation.updates.rounds.length);
    });
    const { images } = await run({ ...spec, federation: { ...federation, algorithm: "FedAvg" } });
    expect(spy).toHaveBeenCalledTimes(3);
    expect(seen).toEqual([1, 1, 1]);
    expect(images.map(({ record }) => record).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("names an attack or defense that does not exist", async () => {
    const spec = specOf(attack);
    await expect(run({ ...spec, attack: { id: "dlgg", options: {} } })).rejects.toThrow('unknown attack "dlgg"');
    await expect(run({ ...spec, defense: { id: "dp", options: {} } })).rejects.toThrow('unknown defense "dp"');
  });
});

describe("an attacker who knows the defense", () => {
  const attack = catalogue.attacks.get("inverting-gradients")!;
  const defended = { defenses: [{ id: "top-k", keep: 0.05 }], attacks: [{ id: attack.id, iterations: 60 }] };

  it("is told its id and options in adaptive cells only", async () => {
    const spec = specOf(attack, { ...defended, attacks: [{ id: attack.id, iterations: 3 }] });
    const told: unknown[] = [];
    poison(attack, ({ observation }) => {
      told.push(observation.knownDefense);
    });
    await run(spec);
    await run({ ...spec, adaptive: true });
    const known = { id: "top-k", options: { keep: 0.05, scope: "tensor" } };
    expect(told).toEqual([undefined, undefined, known, known]);
  });

  it("comes closer through top-k than one who does not", async () => {
    const spec = specOf(attack, defended);
    const [blind, knowing] = [await run(spec), await run({ ...spec, adaptive: true })];
    expect(knowing.scores.psnr!.mean!).toBeGreaterThan(blind.scores.psnr!.mean! + 1);
  });
});

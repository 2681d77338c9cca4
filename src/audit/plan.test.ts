import { describe, expect, it } from "vitest";
import type { Attack } from "../attacks/define.js";
import { grants, type ThreatLetter, threatLetters, weakestThreat } from "../threat/capabilities.js";
import { loadCatalogue } from "./catalogue.js";
import { type ConfigInput, configSchema } from "./config.js";
import { attackKey, controlSpec, PlanError, planAudit } from "./plan.js";

const catalogue = await loadCatalogue();
const settings = { originals: "show", backend: "node-cpu", code: "c0de", content: "embedded" } as const;
const everything = { threats: threatLetters, attacks: [...catalogue.attacks.keys()], defenses: ["none"] };

const plan = (input: ConfigInput, attacks: ReadonlyMap<string, Attack> = catalogue.attacks) =>
  planAudit(configSchema.parse(input), { ...catalogue, attacks }, settings);
const cellOf = (input: ConfigInput, attack: string, threat: ThreatLetter) =>
  plan(input).cells.find((cell) => cell.attack.id === attack && cell.threat === threat)!;

/** Whether an attack has something to do in a federation of one client and one round of FedSGD. */
const fitsDefaults = ({ works }: Attack) => works.algorithms.includes("FedSGD") && works.rounds !== "several";

describe("the cells of a plan", () => {
  it("are every letter with every attack and defense", () => {
    const defenses = ["none", ...catalogue.defenses.keys()];
    const { cells } = plan({ ...everything, defenses });
    const naive = cells.filter(({ adaptive }) => !adaptive);
    expect(naive).toHaveLength(threatLetters.length * everything.attacks.length * defenses.length);
    expect(new Set(naive.map((cell) => [cell.threat, cell.attack.id, cell.defense?.id].join())).size).toBe(
      naive.length,
    );
    for (const { adaptive, attack, defense } of cells) {
      if (adaptive) expect(attack.adaptsTo).toContain(defense!.id);
    }
  });

  it("are run a second time, under a key of its own, where the attack can imitate the defense", () => {
    const { cells } = plan({ threats: ["A", "G"], attacks: ["dlg", "robbing-the-fed"], defenses: ["none", "top-k"] });
    const variants = (attack: string, defense: string | undefined) =>
      cells.filter((cell) => cell.threat === "G" && cell.attack.id === attack && cell.defense?.id === defense);
    expect(variants("dlg", undefined).map(({ adaptive }) => adaptive)).toEqual([false]);
    expect(variants("robbing-the-fed", "top-k").map(({ adaptive }) => adaptive)).toEqual([false]);
    const [plain, knowing] = variants("dlg", "top-k");
    expect([plain!.adaptive, knowing!.adaptive]).toEqual([false, true]);
    expect(knowing!.case!.spec).toEqual({ ...plain!.case!.spec, adaptive: true });
    expect(knowing!.case!.key).not.toBe(plain!.case!.key);
  });

  it("have a case exactly where the letter grants the needs, or the reason why not", () => {
    for (const { threat, attack, case: planned, reason } of plan(everything).cells) {
      const fits = fitsDefaults(attack);
      if (!fits && attack.needs.every((need) => grants(threat, need))) {
        expect(planned).toBeNull();
        expect(reason).toMatch(new RegExp(`^attack ${attack.id} (works on FedAvg|compares several rounds)`));
      } else if (attack.needs.every((need) => grants(threat, need))) {
        expect(reason).toBeNull();
        expect(planned!.spec.attack.id).toBe(attack.id);
      } else {
        expect(planned).toBeNull();
        expect(reason).toMatch(
          new RegExp(`^attack ${attack.id} needs .* which threat model ${threat} .* does not have; `),
        );
        expect(reason).toContain(`is ${weakestThreat(attack.needs)} (`);
      }
    }
  });

  it("have a setting of their own where the attack has one, and leave the others theirs", () => {
    const setting = {
      model: { name: "mlp" },
      federation: { batchSize: 1, algorithm: "FedAvg", samples: 2 },
      records: 4,
    };
    const input: ConfigInput = {
      threats: ["C"],
      attacks: [{ id: "dlf", setting }, "dlg"],
      federation: { batchSize: 2, learningRate: 0.3 },
      data: { source: "portraits", records: 6 },
    };
    const [own, other] = plan(input).cells;
    expect(own!.case!.spec).toMatchObject({
      model: { name: "mlp" },
      federation: { algorithm: "FedAvg", samples: 2, batchSize: 1, learningRate: 0.3 },
      data: { source: "portraits", records: 4 },
    });
    expect(other!.case!.spec).toMatchObject({ model: { name: "lenet" }, federation: { algorithm: "FedSGD" } });
    const wrong = { ...input, attacks: [{ id: "dlf", setting: { federation: { batchsize: 1 } } }] };
    expect(() => plan(wrong)).toThrow(/setting\.federation of an attack: [\s\S]*batchsize/);
    const uneven = { ...input, attacks: [{ id: "dlf", setting: { ...setting, records: 3 } }] };
    expect(() => plan(uneven)).toThrow("3 image(s) do not cut into federations of 1 x 2 records");
  });

  it("are not applicable where the batch is too large for the attack", () => {
    const input = { ...everything, federation: { batchSize: 2 } };
    expect(cellOf(input, "idlg", "A").reason).toBe(
      "attack idlg works on batches of up to 1 image(s); there are 2 behind an update of this federation",
    );
    expect(cellOf(input, "idlg", "A").case).toBeNull();
    expect(cellOf(input, "dlg", "A").case).not.toBeNull();
  });

  it("share one case between letters that tell the attack the same, and only those", () => {
    const keys = (id: string, input: ConfigInput = {}) =>
      plan({ ...everything, ...input, attacks: [id] }).cells.flatMap(({ case: planned, threat }) =>
        planned ? [[threat, planned.key] as const] : [],
      );
    for (const id of everything.attacks) {
      const first = new Map(
        keys(id)
          .reverse()
          .map(([letter, key]) => [key, letter]),
      );
      for (const [key, letter] of first) {
        const { spec } = cellOf({ ...everything, attacks: [id] }, id, letter).case!;
        expect([key, spec.threat]).toEqual([cellOf({ ...everything, attacks: [id] }, id, letter).case!.key, letter]);
      }
    }
    // With pixels as they are and one image, B only confirms what A assumes.
    expect(new Set(keys("idlg").map(([, key]) => key)).size).toBe(1);
    const normalised = keys("idlg", { data: { normalization: "dataset" } });
    expect(normalised[0]![1]).not.toBe(normalised[1]![1]);
    expect(new Set(normalised.slice(1).map(([, key]) => key)).size).toBe(1);
    const batched = keys("dlg", { federation: { batchSize: 2 } });
    expect(batched[0]![1]).not.toBe(batched[1]![1]);
    expect(new Set(keys("inverting-gradients").map(([, key]) => key)).size).toBe(1);
  });

  it("give cases of different defenses and options different keys", () => {
    const { cells } = plan({
      threats: ["A"],
      attacks: ["dlg", { id: "dlg", starts: 3 }],
      defenses: ["none", "top-k", { id: "top-k", keep: 0.5 }, "gaussian-noise"],
    });
    expect(new Set(cells.map(({ case: planned }) => planned!.key)).size).toBe(cells.length);
    expect(cells[0]!.case!.spec.attack.options).toMatchObject({ starts: 8, calls: 300 });
  });
});

describe("the controls of a plan", () => {
  it("are the case that each attack must win, undefended, on embedded pictures, whatever the user's setting", () => {
    const { controls } = plan({
      ...everything,
      model: { name: "mlp" },
      defenses: ["top-k"],
      labels: "known",
      seed: 7,
    });
    const running = [...catalogue.attacks.values()].filter(fitsDefaults).map(({ id }) => id);
    expect([...controls.keys()].sort()).toEqual(running.sort());
    for (const [id, { spec }] of controls) {
      const { control, needs } = catalogue.attacks.get(id)!;
      expect(spec).toMatchObject({
        model: { name: control.model },
        data: { source: "portraits" },
        federation: { batchSize: control.batchSize },
        labels: "recovered",
        defense: null,
        seed: control.seed,
        threat: weakestThreat(needs),
      });
      expect(spec.attack.options).toMatchObject(control.options);
      expect(spec).toEqual(controlSpec(catalogue.attacks.get(id)!, settings));
    }
  });

  it("on the user's own model are the easiest case: batch 1, no defense, labels known, few records", () => {
    const { ownControls } = plan({
      attacks: ["dlg", { id: "dlg", starts: 2 }],
      defenses: ["top-k"],
      data: { records: [9, 8, 7, 6] },
      federation: { batchSize: 4 },
      model: { name: "mlp" },
    });
    const { id, options } = catalogue.attacks.get("dlg")!;
    expect(ownControls.size).toBe(2);
    const { spec } = ownControls.get(
      attackKey({ attack: { id } as Attack, attackOptions: options.parse({ starts: 2 }), setting: undefined }),
    )!;
    expect(spec).toMatchObject({
      model: { name: "mlp" },
      data: { records: [9, 8] },
      federation: { batchSize: 1 },
      labels: "known",
      defense: null,
    });
    expect(
      plan({ data: { records: 1 } })
        .ownControls.values()
        .next().value!.spec.data.records,
    ).toBe(1);
  });

  it("are planned only for attacks that run at all", () => {
    const { controls, ownControls } = plan({ threats: ["A"], attacks: ["dlg", "inverting-gradients"] });
    expect([controls.size, ownControls.size]).toEqual([1, 1]);
  });
});

describe("a plan refuses", () => {
  it.each<[ConfigInput, RegExp]>([
    [{ attacks: ["dlgg"] }, /unknown attack "dlgg"; did you mean "dlg"\? There are /],
    [{ defenses: ["top-kk"] }, /unknown defense "top-kk"; did you mean "top-k"\?/],
    [{ model: { name: "lenett" } }, /unknown model "lenett"; did you mean "lenet"\?/],
    [{ attacks: [{ id: "dlg", starts: 0 }] }, /^attack dlg: .*starts/s],
    [{ attacks: [{ id: "dlg", start: 3 }] }, /^attack dlg: .*start/s],
    [{ defenses: [{ id: "top-k", keep: 2 }] }, /^defense top-k: .*keep/s],
  ])("%j", (input, message) => {
    expect(() => plan(input)).toThrow(PlanError);
    expect(() => plan(input)).toThrow(message);
  });

  it("a metric that does not exist", () => {
    expect(() => plan({ metrics: ["psnrr"] })).toThrow(/unknown metric "psnrr"/);
  });
});

// What each threat model sees of a federation over rounds: eight letters by seven capabilities, at run time and by type.
import { describe, expect, expectTypeOf, it } from "vitest";
import { reachable, shows } from "../../test/reachable.js";
import { attached, fedAvg, federation, play, start } from "../../test/small-federation.js";
import { drawBatch, freshPayload, knowledge } from "../../test/small-round.js";
import type { RoundRecord } from "../federated/round.js";
import { addScaled, distortion } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import { type Capability, capabilities, type ThreatLetter, threatLetters, type threatModels } from "./capabilities.js";
import { detailsOf } from "./details.js";
import type { Observation, TrainingDetails } from "./observation.js";
import { CapabilityError, observe, type Release } from "./observe.js";
import { powersOf } from "./server.js";

const columns = Object.keys(capabilities) as Capability[];
const protocol = { ...federation, algorithm: fedAvg, batches: "fixed" } as const;
const surrogate = drawBatch(createRandom(2), [1, 4, 4], 3, 2);
const release = (records: readonly RoundRecord[], client = 1): Release => ({
  records,
  client,
  basicKnowledge: knowledge(4),
  trainingDetails: detailsOf(protocol, 4),
  surrogateData: () => surrogate,
});
const everything = (records: readonly RoundRecord[], client = 1) =>
  observe(release(records, client), { attack: "x", threat: "A", needs: ["updates"] }).updates.rounds;
const open = await play({ ...protocol, rounds: 3 });

type Granted<L extends ThreatLetter> = (typeof threatModels)[L]["capabilities"][number];
/** DESIGN.md section 7, columns in the order of `capabilities`. */
const table = {
  A: [true, false, false, false, false, false, false],
  B: [true, true, false, false, false, false, false],
  C: [true, true, true, false, false, false, false],
  D: [true, true, true, true, false, false, false],
  E: [true, true, true, true, true, false, false],
  F: [true, true, true, false, false, true, false],
  G: [true, true, true, true, false, true, false],
  H: [true, true, true, true, false, true, true],
} as const satisfies Readonly<Record<ThreatLetter, readonly boolean[]>>;
type Columns = [
  "updates",
  "basicKnowledge",
  "trainingDetails",
  "surrogateData",
  "clientDistribution",
  "activeManipulation",
  "clientSelection",
];
type Row<L extends ThreatLetter, C extends readonly Capability[] = Columns> = {
  readonly [I in keyof C]: C[I] extends Granted<L> ? true : false;
};
/** Whether an observation under that letter has each field, as the compiler sees it. */
type Fields<L extends ThreatLetter, C extends readonly Capability[] = Columns> = {
  readonly [I in keyof C]: C[I] extends keyof Observation<Granted<L>> ? true : false;
};

describe("eight letters by seven capabilities", () => {
  it("are the same table by type", () => {
    expectTypeOf<{ readonly [L in ThreatLetter]: Row<L> }>().toEqualTypeOf<typeof table>();
    expectTypeOf<{ readonly [L in ThreatLetter]: Fields<L> }>().toEqualTypeOf<typeof table>();
  });

  for (const threat of threatLetters) {
    it.each(columns.map((column, i) => [column, table[threat][i]!] as const))(
      `${threat}: %s is there: %s`,
      (column, granted) => {
        const wanting = () =>
          observe<Capability>(release(open.records), { attack: "x", threat, needs: ["updates", column] });
        if (granted) expect(Object.keys(wanting())).toEqual([...new Set(["updates", column])]);
        else {
          expect(wanting).toThrow(CapabilityError);
          expect(wanting).toThrow(`needs "${column}", which threat model ${threat}`);
        }
        const using = observe<"updates", Capability>(release(open.records), {
          attack: "x",
          threat,
          needs: ["updates"],
          uses: columns,
        });
        expect(Object.hasOwn(using, column)).toBe(granted);
      },
    );
  }

  it("compiles only what was declared, over rounds too", () => {
    const seen = observe(release(open.records), { attack: "x", threat: "C", needs: ["updates", "trainingDetails"] });
    expectTypeOf(seen.trainingDetails).toEqualTypeOf<TrainingDetails>();
    // @ts-expect-error: not declared
    expect(seen.clientDistribution).toBeUndefined();
    // @ts-expect-error: not declared
    expect(seen.clientSelection).toBeUndefined();
    // @ts-expect-error: momentum is a detail of FedAvg, to be told apart first
    expect(seen.trainingDetails.momentum).toBe(0.5);
    if (seen.trainingDetails.algorithm === "FedAvg") expect(seen.trainingDetails.steps).toBe(4);
    // @ts-expect-error: which clients took part is nobody's but a server's that selects them
    expect(seen.updates.rounds[0]!.clients).toBeUndefined();
    // @ts-expect-error: the model after the server's step is the next round's payload, not part of this one
    expect(seen.updates.rounds[0]!.released).toBeUndefined();
  });

  it("leads nowhere to a client's pictures, in any letter, view or round", async () => {
    const masks = attached("masks", {}, "masking");
    const hidden = await play({ ...protocol, defenses: [masks] });
    for (const { records } of [open, hidden]) {
      for (const outside of [false, true]) {
        for (const threat of threatLetters) {
          const seen = observe<"updates", Capability>(
            { ...release(records), outside },
            { attack: "x", threat, needs: ["updates"], uses: columns },
          );
          for (const held of reachable(seen)) {
            for (const { data } of federation.clients) {
              expect(held).not.toBe(data.inputs);
              expect(held).not.toBe(data.labels);
              if (held instanceof Float64Array || held instanceof Float32Array)
                expect(shows(held, data.inputs.data)).toBe(false);
            }
          }
        }
      }
    }
  });
});

describe("the views", () => {
  it("are this client's uploads, one a round, of pseudo-gradients under FedAvg", () => {
    const rounds = everything(open.records);
    expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2]);
    for (const [i, { payload, view }] of rounds.entries()) {
      const client = open.records[i]!.clients.get(1)!;
      expect(payload).toBe(client.payload);
      expect(view).toEqual({ kind: "upload", update: client.message.update });
    }
    expect(rounds[1]!.payload.weights).toBe(open.records[0]!.released);
  });

  it("leave out rounds in which the client took no part or its upload got lost", async () => {
    const { records } = await play({ ...protocol, rounds: 12, cohort: { kind: "fixed", size: 2 }, dropout: 0.4 });
    const arrived = records.filter(({ clients }) => clients.get(1)?.arrived);
    expect(records.some(({ clients }) => clients.get(1)?.arrived === false)).toBe(true);
    expect(records.some(({ clients }) => !clients.has(1))).toBe(true);
    expect(everything(records).map(({ round }) => round)).toEqual(arrived.map(({ round }) => round));
  });

  it("are only the aggregate where a defense hides uploads, and no message is reachable", async () => {
    const masks = attached("masks", {}, "masking");
    const { records } = await play({ ...protocol, defenses: [masks] });
    const rounds = everything(records);
    expect(rounds.map(({ view }) => view)).toEqual(
      records.map(({ aggregate }) => ({ kind: "aggregate", update: aggregate })),
    );
    const held = new Set(reachable(rounds));
    for (const { clients } of records) {
      for (const { message } of clients.values())
        for (const part of message.update.values()) expect(held.has(part.data)).toBe(false);
    }
    const mixing = { ...attached("mixing", {}, "masking"), hidesUploads: false };
    expect(everything((await play({ ...protocol, defenses: [mixing] })).records)[0]!.view.kind).toBe("upload");
  });

  it("are only the released step for those outside", () => {
    const seen = observe({ ...release(open.records), outside: true }, { attack: "x", threat: "A", needs: ["updates"] });
    for (const [i, { payload, view }] of seen.updates.rounds.entries()) {
      const record = open.records[i]!;
      expect(view.kind).toBe("released");
      const applied = addScaled(-1, view.update, payload.weights);
      expect(distortion(record.released, applied).relativeL2).toBeLessThan(1e-6);
      expect(distortion(record.aggregate, view.update).cosine).toBeCloseTo(1, 5);
    }
  });

  it("hold every answer of a client that was queried again", async () => {
    const server = {
      again: (_: number, client: number, seen: readonly { answers: readonly unknown[] }[]) =>
        client === 1 && seen.at(-1)!.answers.length < 6 ? start : null,
    };
    const { records } = await play({ rounds: 2 }, { server, powers: powersOf("F") });
    const rounds = everything(records);
    expect(rounds.map(({ round }) => round)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(rounds[1]!.view.update).toBe(records[0]!.clients.get(1)!.repeats[0]!.message.update);
  });

  it("tell a selecting server the cohorts and its own clients in them", async () => {
    const server = {
      cohort: (round: number) => [round, 1],
      sybils: () => [{ kind: "trains", data: surrogate } as const],
    };
    const { records } = await play({ rounds: 2 }, { server, powers: powersOf("H") });
    const seen = observe(release(records), {
      attack: "x",
      threat: "H",
      needs: ["clientSelection", "activeManipulation"],
    });
    expect(seen.clientSelection.rounds).toEqual([
      { round: 0, cohort: [0, 1, 4], sybils: [4] },
      { round: 1, cohort: [1, 4], sybils: [4] },
    ]);
    expect(seen.activeManipulation).toEqual({ clientsAddressed: 3 });
  });
});

describe("BatchNorm statistics", () => {
  const model = models["convnet-bn"]!([1, 4, 4], 2);
  const random = createRandom(9);
  const fields = {
    start: freshPayload(model, random),
    clients: [0, 1].map((id) => ({ id, data: drawBatch(random.split(id), [1, 4, 4], 2, 4) })),
    algorithm: { kind: "FedSGD", batchSize: 4 },
    mode: "train",
  } as const;

  it("are in the upload where they are shared, and else only with those who know the client's distribution", async () => {
    for (const statistics of ["shared", "hidden"] as const) {
      const { records } = await play({ ...fields, statistics });
      const rounds = everything(records);
      expect(rounds.map(({ view }) => view.buffers?.size)).toEqual(
        statistics === "shared" ? [6, 6] : [undefined, undefined],
      );
      const client = records[1]!.clients.get(1)!;
      expect(rounds[1]!.view.buffers).toBe(client.message.buffers);
      const held = new Set(reachable(rounds));
      expect(held.has(client.statistics.get("bn1"))).toBe(false);
      const knowing = observe(release(records), { attack: "x", threat: "E", needs: ["updates", "clientDistribution"] });
      expect(knowing.clientDistribution.rounds).toEqual(records.map(({ clients }) => clients.get(1)!.statistics));
      expect(knowing.clientDistribution.rounds[0]!.get("bn3")!.mean).toHaveLength(128);
    }
  });

  it("come one for each observed round, empty where there is nothing to know", async () => {
    const { records } = await play({ ...fields, mode: "eval" });
    const seen = observe(release(records), { attack: "x", threat: "E", needs: ["updates", "clientDistribution"] });
    expect(seen.clientDistribution.rounds.map(({ size }) => size)).toEqual([0, 0]);
    expect(seen.clientDistribution.rounds).toHaveLength(seen.updates.rounds.length);
  });
});

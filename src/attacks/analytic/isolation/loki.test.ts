import { beforeAll, describe, expect, it } from "vitest";
import { attached } from "../../../../test/small-federation.js";
import {
  armInput,
  attackContext,
  backend,
  freshPayload,
  knowledge,
  observation,
} from "../../../../test/small-round.js";
import { type Batch, type Dataset, readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import { runFederation } from "../../../federated/federation.js";
import { plainProtocol } from "../../../federated/protocol.js";
import type { RoundRecord } from "../../../federated/round.js";
import { createTrainer } from "../../../federated/training.js";
import { createRandom } from "../../../math/random.js";
import { tensor } from "../../../math/tensor.js";
import type { Image } from "../../../metrics/define.js";
import { splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import type { BasicKnowledge, ObservedRound } from "../../../threat/observation.js";
import { behaviourOf, powersOf } from "../../../threat/server.js";
import { type Isolated, readRows } from "./isolated-rows.js";
import { QUERY_WEIGHT } from "./isolating-block.js";
import attack from "./loki.js";

const CLIENTS = 3;
const BATCH = 8;
const context = attackContext(1);
const honest = freshPayload(models.convnet!([3, 16, 16], 8), createRandom(2));
let portraits: Dataset;
let surrogate: Batch;
let records: number[];
beforeAll(async () => {
  portraits = await openDataset({ source: "portraits", size: 16 });
  records = createRandom(1).shuffle(Array.from({ length: 300 }, (_, i) => i));
  surrogate = readBatch(
    portraits,
    Array.from({ length: 200 }, (_, i) => 312 + i),
  );
});

interface Game {
  readonly options?: Record<string, unknown>;
  readonly owned?: Batch;
  readonly rounds?: number;
  readonly hidden?: boolean;
  readonly knows?: BasicKnowledge;
  readonly seen?: (batch: Batch) => Batch;
}

/** Plays a federation of three clients against the attack's server. `seen` is what clients make of pixels before the model. */
async function playGame({ options = {}, owned = surrogate, rounds = 1, hidden = true, knows, seen = (b) => b }: Game) {
  const chosen = attack.options.parse({ bins: 64, ...options });
  const known = knows ?? knowledge(BATCH);
  const prepared = await attack.prepare!({ payload: honest, surrogate: seen(owned) }, chosen, context);
  const input = { ...armInput(honest, prepared, { clients: CLIENTS }), basicKnowledge: known };
  const server = await attack.arm!(input, chosen, context);
  const batches = Array.from({ length: CLIENTS }, (_, client) =>
    readBatch(portraits, records.slice(client * BATCH, (client + 1) * BATCH)),
  );
  const trainer = createTrainer(backend, "float32");
  const played: RoundRecord[] = [];
  try {
    const federation = {
      ...plainProtocol,
      algorithm: { kind: "FedSGD", batchSize: BATCH } as const,
      defenses: hidden ? [attached("sum", {}, "masking")] : [],
      start: honest,
      clients: batches.map((data, id) => ({ id, data: seen(data) })),
      rounds,
      seed: 1,
    };
    await runFederation(federation, trainer, {
      server: behaviourOf(server),
      powers: powersOf("G"),
      onRound: (record) => {
        played.push(record);
      },
    });
  } finally {
    await trainer.dispose();
  }
  return { played, batches, secret: server.secret as Isolated, chosen, known };
}

const sumOf = ({ round, clients, aggregate }: RoundRecord): ObservedRound => ({
  round,
  payload: clients.get(0)!.payload,
  view: { kind: "aggregate", update: aggregate },
});

/** Pictures of `batch` that one of `inputs` shows above 40 dB. */
const recovered = (inputs: readonly Image[], batch: Batch): number[] =>
  splitBatch(batch.inputs).flatMap((original, i) =>
    inputs.some((input) => meanSquaredError(input, original) < 1e-4) ? [i] : [],
  );

function rowsOf(round: ObservedRound, { secret, known, chosen }: Awaited<ReturnType<typeof playGame>>): Image[][] {
  const shape = [3, 16, 16] as const;
  const options = { brightness: "bin" as const, threshold: chosen.threshold as number };
  return readRows(round, secret, known, options).map((hits) => hits.map(({ input }) => ({ shape, data: input })));
}

/** The oracle: positions of pictures that are alone between two edges of what was sent. */
function alone(batch: Batch, { payload: { weights } }: ObservedRound): number[] {
  const offsets = weights.get("isolate.2.bias")!.data;
  const row = weights.get(QUERY_WEIGHT)!;
  const [bins, columns] = row.shape as [number, number];
  const size = columns / CLIENTS;
  const binOf = splitBatch(batch.inputs).map(({ data }) => {
    const mean = Array.from(data).reduce((sum, value) => sum + value, 0) / size;
    return Array.from({ length: bins }, (_, bin) => bin).filter((bin) => {
      const z = row.data[bin * columns]! * 1e5 * size * mean + offsets[bin]!;
      return z > 0 && z < 1;
    });
  });
  return binOf.flatMap(([bin], i) => (binOf.filter(([other]) => other === bin).length === 1 ? [i] : []));
}

describe("loki", () => {
  it("reads every client's lonely pictures out of a sum, each under its own client", async () => {
    const game = await playGame({});
    const round = sumOf(game.played[0]!);
    const byClient = rowsOf(round, game);
    let expected = 0;
    game.batches.forEach((batch, client) => {
      const mine = alone(batch, round);
      expected += mine.length;
      const found = recovered(byClient[client]!, batch);
      expect(found.filter((i) => !mine.includes(i))).toEqual([]);
      // The outer bins are wide: what they hold comes back too dark or too bright.
      expect(found.length).toBeGreaterThanOrEqual(mine.length - 2);
      game.batches.forEach((other, another) => {
        if (another !== client) expect(recovered(byClient[client]!, other)).toEqual([]);
      });
    });
    expect(expected).toBeGreaterThan(15);
    const seen = observation({ updates: { rounds: [round] }, basicKnowledge: game.known });
    const claim = await attack.run(
      { observation: seen, prepared: undefined, secret: game.secret },
      game.chosen,
      context,
    );
    expect(claim.inputs.shape[0]).toBe(byClient.flat().length);
    expect(claim.notes[0]).toContain(`${byClient[1]!.length} of client 1`);
  });

  it("gives a picture with a pixel of full intensity exactly", async () => {
    const game = await playGame({});
    const round = sumOf(game.played[0]!);
    const byClient = rowsOf(round, game);
    let full = 0;
    game.batches.forEach((batch, client) => {
      const originals = splitBatch(batch.inputs);
      for (const original of alone(batch, round).map((i) => originals[i]!)) {
        if (Math.max(...original.data) < 1) continue;
        full++;
        expect(Math.min(...byClient[client]!.map((input) => meanSquaredError(input, original)))).toBeLessThan(1e-8);
      }
    });
    expect(full).toBeGreaterThan(2);
  });

  it("finds in an upload of one client nothing of the others", async () => {
    const game = await playGame({ hidden: false });
    const { payload, message } = game.played[0]!.clients.get(1)!;
    const rows = rowsOf({ round: 0, payload, view: { kind: "upload", update: message.update } }, game);
    expect(rows.map(({ length }) => length > 0)).toEqual([false, true, false]);
  });

  it("sends clients one model that differs in the kernels alone", async () => {
    const { played } = await playGame({});
    const [first, second] = [0, 1].map((client) => played[0]!.clients.get(client)!.payload);
    expect(first!.model).toBe(second!.model);
    const differing = [...first!.weights.keys()].filter((name) =>
      first!.weights.get(name)!.data.some((value, i) => value !== second!.weights.get(name)!.data[i]),
    );
    expect(differing).toEqual(["isolate.0.weight"]);
    for (const [name, value] of honest.weights) expect(second!.weights.get(name)).toBe(value);
  });

  it("learns the brightness from earlier rounds where the surrogate's is wrong", async () => {
    const darker = {
      ...surrogate,
      inputs: tensor(
        surrogate.inputs.shape,
        surrogate.inputs.data.map((v) => 0.8 * v),
      ),
    };
    const found = async (learn: boolean) => {
      const game = await playGame({ owned: darker, rounds: 3, options: { learn } });
      return game.played.map((record) =>
        rowsOf(sumOf(record), game).reduce(
          (sum, rows, client) => sum + recovered(rows, game.batches[client]!).length,
          0,
        ),
      );
    };
    const [learning, stubborn] = [await found(true), await found(false)];
    expect(learning[0]).toBe(stubborn[0]);
    expect(stubborn[2]).toBe(stubborn[0]);
    expect(learning[2]).toBeGreaterThan(stubborn[2]! + 2);
  });

  it("works on normalised pictures", async () => {
    const normalization = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.25, 0.3] };
    const seen = ({ inputs, labels }: Batch): Batch => ({
      inputs: tensor(
        inputs.shape,
        inputs.data.map(
          (v, i) =>
            (v - normalization.mean[Math.floor(i / 256) % 3]!) / normalization.deviation[Math.floor(i / 256) % 3]!,
        ),
      ),
      labels,
    });
    const game = await playGame({ knows: { ...knowledge(BATCH), normalization }, seen });
    const round = sumOf(game.played[0]!);
    const rounds = observation({ updates: { rounds: [round] }, basicKnowledge: game.known });
    const claim = await attack.run(
      { observation: rounds, prepared: undefined, secret: game.secret },
      game.chosen,
      context,
    );
    const found = game.batches.reduce((sum, batch) => sum + recovered(splitBatch(claim.inputs), batch).length, 0);
    expect(found).toBeGreaterThan(15);
  });

  it("finds nothing where all clients ran another server's model", async () => {
    const [game, other] = [await playGame({}), await playGame({})];
    expect(rowsOf(sumOf(game.played[0]!), other)).toEqual([]);
  });

  it("asks for surrogate pictures and the power to rewrite models: no letter below G may run it", () => {
    expect(attack.needs).toContain("activeManipulation");
    expect(attack.needs).toContain("surrogateData");
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { backend } from "../../test/small-round.js";
import { addScaled } from "../federated/update.js";
import { captureFederation } from "./capture.js";
import { CAPTURE_FILE, CaptureError, captureAround, filesOf, readCapture } from "./captured.js";
import { loadCatalogue } from "./catalogue.js";
import { type ConfigInput, configSchema } from "./config.js";
import { contentOf } from "./content.js";
import { evaluateCase } from "./evaluate.js";
import { openNamedModel } from "./open-model.js";
import { planAudit } from "./plan.js";
import { openRecordings } from "./recorded-round.js";

const root = mkdtempSync(join(tmpdir(), "leakscope-capture-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const signal = new AbortController().signal;
const catalogue = await loadCatalogue();

async function capture(name: string, input: ConfigInput): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  const played = await captureFederation(configSchema.parse(input), {
    backend,
    signal,
    save: async (file, bytes) => writeFileSync(join(folder, file), bytes),
    onRound: () => {},
  });
  writeFileSync(join(folder, CAPTURE_FILE), JSON.stringify({ ...played, tool: { name: "leakscope", version: "0" } }));
  return folder;
}

const data = { source: "portraits", size: 16 };
const few: ConfigInput = { data: { ...data, records: [3, 1, 4, 2] }, surrogate: { records: 8 }, seed: 5 };
const batches = await capture("batches", { ...few, federation: { batchSize: 2 } });
const averaged = await capture("averaged", {
  ...few,
  data: { ...data, records: 12 },
  federation: { algorithm: "FedAvg", clients: 2, batchSize: 4, localEpochs: 2, rounds: 2, partition: "shards" },
});
const drawn = await capture("drawn", {
  ...few,
  data: { ...data, records: 12 },
  federation: { clients: 3, batchSize: 2, rounds: 2 },
});

const model = openNamedModel("lenet", { inputShape: [3, 16, 16], classes: 8 }).model;

describe("a capture", () => {
  it("holds the batches that an audit plays, and an audit of it gives the same scores", async () => {
    expect((await readCapture(batches)).rounds[0]!.updates.map(({ records }) => records)).toEqual([
      [3, 1],
      [4, 2],
    ]);
    const scores = async (more: ConfigInput) => {
      const attacks = [{ id: "inverting-gradients", iterations: 6 }];
      const config = configSchema.parse({ ...few, federation: { batchSize: 2 }, threats: ["B"], attacks, ...more });
      const settings = { originals: "show", backend: "node-cpu", code: "", content: await contentOf(config) } as const;
      const { spec } = planAudit(config, catalogue, settings).cells[0]!.case!;
      return (await evaluateCase(spec, { backend, signal, onProgress: () => {} })).scores;
    };
    const weights = join(batches, "round-0-global.safetensors");
    expect(await scores({ model: { weights }, updates: batches })).toEqual(await scores({}));
  });

  it("of FedAvg holds pseudo-gradients: the server's step is their weighted mean", async () => {
    const { normalization, all } = await openRecordings(averaged, model, "one");
    expect(normalization).toBeNull();
    expect(all.map(({ details }) => details.algorithm)).toEqual(Array.from({ length: 4 }, () => "FedAvg"));
    const [first, second, next] = all.map(({ rounds }) => rounds[0]!);
    const shares = all.slice(0, 2).map(({ details }) => details.sampleCount / 12);
    const before = first!.clients.get(0)!.payload.weights;
    const name = "fc.0.weight";
    const step = addScaled(shares[0]! / shares[1]!, first!.aggregate, second!.aggregate).get(name)!.data;
    const after = next!.clients.get(0)!.payload.weights.get(name)!.data;
    after.forEach((value, i) => {
      expect(value).toBeCloseTo(before.get(name)!.data[i]! - shares[1]! * step[i]!, 5);
    });
    expect(all[0]!.details).toMatchObject({ steps: 4, localEpochs: 2, learningRate: 0.1 });
  });

  it("tells which records every update was made of, drawn ones too", async () => {
    const { rounds } = await readCapture(drawn);
    expect(rounds).toHaveLength(2);
    for (const { updates } of rounds) {
      const records = updates.flatMap((each) => each.records);
      expect(updates.map((each) => each.records.length)).toEqual([2, 2, 2]);
      expect(new Set(records).size).toBe(6);
      expect(records.every((record) => record >= 0 && record < 12)).toBe(true);
    }
  });

  it("is found around each of its updates, and around nothing else", async () => {
    const found = await captureAround(join(averaged, "round-1-client-0.safetensors"));
    expect(found!.upload).toMatchObject({
      round: 1,
      client: 0,
      globalPath: join(averaged, "round-1-global.safetensors"),
    });
    expect(await captureAround(join(averaged, "round-9-client-0.safetensors"))).toBeNull();
    expect(await captureAround(join(root, "x.pt"))).toBeNull();
    expect(await filesOf(averaged)).toHaveLength(1 + 2 + 4);
  });

  it("changes an audit's fingerprint with any of its files", async () => {
    const config = configSchema.parse({ updates: drawn });
    const before = await contentOf(config);
    expect(await contentOf(config)).toBe(before);
    writeFileSync(join(drawn, "round-0-client-0.safetensors"), "other");
    expect(await contentOf(config)).not.toBe(before);
  });

  it.each([
    ["nothing", null, /expected a capture, found nothing there; write a capture with/],
    ["no JSON", "{", /expected JSON, found/],
    ["another version", '{"schemaVersion":2}', /expected a capture of this version: schemaVersion/],
  ])("is refused by name where it is %s", async (name, text, reason) => {
    const folder = join(root, name);
    await mkdir(folder);
    if (text !== null) writeFileSync(join(folder, CAPTURE_FILE), text);
    await expect(readCapture(folder)).rejects.toThrow(CaptureError);
    await expect(readCapture(folder)).rejects.toThrow(reason);
  });

  it("names no file outside its folder", async () => {
    const folder = join(root, "outside");
    await mkdir(folder);
    const capture = await readCapture(averaged);
    capture.rounds[0]!.global = "../averaged/round-0-global.safetensors";
    writeFileSync(join(folder, CAPTURE_FILE), JSON.stringify(capture));
    await expect(readCapture(folder)).rejects.toThrow(/rounds\.0\.global: a plain file name beside capture\.json/);
  });

  it("is refused by a model of another size", async () => {
    const other = openNamedModel("lenet", { inputShape: [3, 32, 32], classes: 8 }).model;
    await expect(openRecordings(averaged, other, "one")).rejects.toThrow(
      /captured from a model of 3x16x16 and 8 classes/,
    );
  });
});

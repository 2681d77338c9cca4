import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import { configSchema } from "../audit/config.js";
import { openRunFolder } from "./run-folder.js";
import { newestRun, newRunPath } from "./runs.js";

const { model, data, surrogate, federation, labels, metrics, seed } = configSchema.parse({});
const spec: CaseSpec = {
  ...{ model, data, surrogate, federation, labels, metrics, seed },
  originals: "show",
  budgetSeconds: 1,
  threat: "A",
  attack: { id: "dlg", options: {} },
  defense: null,
  adaptive: false,
  backend: "node-cpu",
  content: "embedded",
};

function pictureUri(grey: number, edge: number): string {
  const png = encode({
    width: edge,
    height: edge,
    data: new Uint8Array(edge * edge * 3).fill(grey),
    channels: 3,
    depth: 8,
  });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}

const picture = { record: 0, label: "cat", original: null, reconstruction: pictureUri(200, 2), leaked: true };
const result: CaseResult = {
  scores: {},
  floor: {},
  images: [picture, { ...picture, record: 1, reconstruction: null, leaked: false }],
  labels: null,
  receipt: null,
  handed: ["updates"],
  gallerySize: 10,
  galleryClasses: 2,
  curve: [
    { iteration: 0, loss: 2 },
    { iteration: 5, loss: 0.25 },
  ],
  notes: [],
  iterations: 5,
  exhausted: false,
  seconds: 1.5,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "leakscope-store-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const eventsOf = async (path: string) =>
  (await readFile(join(path, "events.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("openRunFolder", () => {
  it("gives back what it was given, also after it was opened again", async () => {
    const run = await openRunFolder(join(root, "run"));
    expect(await run.read("k1")).toBeNull();
    await run.write("k1", spec, result);
    expect(await run.read("k1")).toEqual(result);
    expect(await (await openRunFolder(run.path)).read("k1")).toEqual(result);
  });

  it("writes pictures in a row and the curve, and no truth where originals are omitted", async () => {
    const run = await openRunFolder(join(root, "run"));
    await run.write("k1", spec, result);
    const folder = join(run.path, "cells", "k1");
    expect((await readdir(folder)).sort()).toEqual(["curve.csv", "reconstruction.png", "result.json"]);
    expect(await readFile(join(folder, "curve.csv"), "utf8")).toBe("iteration,loss\n0,2\n5,0.25\n");
    const strip = decode(await readFile(join(folder, "reconstruction.png")));
    expect([strip.width, strip.height]).toEqual([6, 2]);
    expect([...strip.data.subarray(0, 4)]).toEqual([200, 200, 200, 255]);
    expect([...strip.data.subarray(16, 20)]).toEqual([0, 0, 0, 0]);
    const shown = { ...result, images: [{ ...picture, original: pictureUri(9, 2) }] };
    await run.write("k2", spec, shown);
    expect(decode(await readFile(join(run.path, "cells", "k2", "truth.png"))).data[0]).toBe(9);
  });

  it.each([
    ["cut short", (text: string) => text.slice(0, text.length / 2), "is no JSON"],
    ["changed by hand", (text: string) => text.replace('"iterations": 5', '"iterations": 6'), "checksum"],
    ["of another key", (text: string) => text.replace('"key": "k1"', '"key": "k2"'), 'holds case "k2"'],
    ["empty", () => "", "is no JSON"],
    ["null", () => "null", "holds case"],
  ])("takes a result that is %s for missing, logs it, and can write it anew", async (_, damage, reason) => {
    const run = await openRunFolder(join(root, "run"));
    await run.write("k1", spec, result);
    const file = join(run.path, "cells", "k1", "result.json");
    await writeFile(file, damage(await readFile(file, "utf8")));
    expect(await run.read("k1")).toBeNull();
    const events = await eventsOf(run.path);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: "damaged", key: "k1", reason: expect.stringContaining(reason) });
    await run.write("k1", spec, result);
    expect(await run.read("k1")).toEqual(result);
    expect(await readdir(join(run.path, "cells"))).toEqual(["k1"]);
  });

  it("forgets half-written cases and mends the event log after a crash", async () => {
    const path = join(root, "run");
    await mkdir(join(path, "cells", ".tmp-k1-abc"), { recursive: true });
    await writeFile(join(path, "cells", ".tmp-k1-abc", "result.json"), "{");
    await writeFile(join(path, ".tmp-audit.json-abc"), "{");
    await writeFile(join(path, "events.jsonl"), '{"type":"a"}\n{"ty');
    const run = await openRunFolder(path);
    await run.log({ type: "b" });
    expect(await run.read("k1")).toBeNull();
    expect(await readdir(join(path, "cells"))).toEqual([]);
    expect((await readdir(path)).sort()).toEqual(["cells", "events.jsonl", "trainings"]);
    const lines = (await readFile(join(path, "events.jsonl"), "utf8")).trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: "b" });
  });

  it("takes finished cases over from other runs, unless told to start fresh", async () => {
    const older = await openRunFolder(join(root, "older"));
    await older.write("k1", spec, result);
    const fresh = await openRunFolder(join(root, "fresh"), { known: "none" });
    expect(await fresh.read("k1")).toBeNull();
    const newer = await openRunFolder(join(root, "newer"));
    expect(await newer.read("k1")).toEqual(result);
    await rm(older.path, { recursive: true });
    expect(await (await openRunFolder(newer.path)).read("k1")).toEqual(result);
  });

  it("ignores its own old cells when fresh, and knows what it wrote since", async () => {
    const path = join(root, "run");
    await (await openRunFolder(path)).write("k1", spec, result);
    const fresh = await openRunFolder(path, { known: "none" });
    expect(await fresh.read("k1")).toBeNull();
    await fresh.write("k1", spec, { ...result, seconds: 9 });
    expect(await fresh.read("k1")).toMatchObject({ seconds: 9 });
  });

  it("keeps the order of events that are logged at once", async () => {
    const run = await openRunFolder(join(root, "run"));
    await Promise.all(Array.from({ length: 50 }, (_, n) => run.log({ n })));
    expect((await eventsOf(run.path)).map(({ n }) => n)).toEqual([...Array(50).keys()]);
  });

  it("saves files of the run under their name only", async () => {
    const run = await openRunFolder(join(root, "run"));
    expect(await run.save("audit.json", "{}")).toBe(join(run.path, "audit.json"));
    await run.save("audit.json", "[]");
    expect(await readFile(join(run.path, "audit.json"), "utf8")).toBe("[]");
    expect((await readdir(run.path)).sort()).toEqual(["audit.json", "cells", "trainings"]);
  });
});

describe("runs", () => {
  it("names runs by time and configuration, and never the same twice", async () => {
    const noon = new Date("2026-01-31T12:00:00Z");
    const first = newRunPath(root, { seed: 1 }, noon);
    expect(first).toMatch(/2026-01-31T12-00-00-[0-9a-f]{6}$/);
    expect(newRunPath(root, { seed: 2 }, noon)).not.toBe(first);
    await mkdir(first);
    expect(newRunPath(root, { seed: 1 }, noon)).toBe(`${first}-2`);
  });

  it("finds the newest run that has a configuration", async () => {
    expect(await newestRun(join(root, "nowhere"))).toBeNull();
    for (const [day, complete] of [
      ["01", true],
      ["03", true],
      ["09", false],
    ] as const) {
      const path = newRunPath(root, {}, new Date(`2026-01-${day}T00:00:00Z`));
      await mkdir(path);
      if (complete) await writeFile(join(path, "config.yaml"), "seed: 1\n");
    }
    expect(await newestRun(root)).toMatch(/2026-01-03T/);
  });
});

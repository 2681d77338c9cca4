// The server asked without a port, and its streams: what it refuses, that a page which lost its connection misses nothing.
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "./app.js";
import { readLines } from "./event-stream.js";
import { describeRun, serveRuns } from "./runs.js";

const KEY = "0123456789abcdef";
const ID = "2026-01-02T03-04-05-abcdef";
const stop = new AbortController();
let folder: string;
let run: string;
let app: Hono;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-server-"));
  run = join(folder, "runs", ID);
  await mkdir(join(run, "live"), { recursive: true });
  await mkdir(join(folder, "runs", "no-run"), { recursive: true });
  await mkdir(join(folder, "outside"), { recursive: true });
  await writeFile(join(folder, "secret.json"), "secret");
  await writeFile(join(folder, "outside", "config.yaml"), "{}");
  await writeFile(join(run, "config.yaml"), "{}");
  await writeFile(join(run, "audit.json"), '{"schemaVersion":1}');
  await writeFile(join(run, "live", `${KEY}.png`), "png");
  await writeFile(join(run, "events.jsonl"), "");
  const document = "<!doctype html><title>page</title>";
  const files = new Map([["app.js", { type: "text/javascript", content: new TextEncoder().encode("1") }]]);
  app = createApp({ runs: await serveRuns(join(folder, "runs")), page: { document, files }, signal: stop.signal });
});
afterAll(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  app.request(`http://127.0.0.1:4280${path}`, { method, headers: { Host: "127.0.0.1:4280", ...headers } });

describe("what is answered", () => {
  it("serves page, assets, runs and a run's audit with a strict policy", async () => {
    for (const [path, type] of [
      ["/", "text/html"],
      ["/assets/app.js", "text/javascript"],
      ["/api/runs", "application/json"],
      [`/api/runs/${ID}/audit.json`, "application/json"],
      [`/api/runs/${ID}/live/${KEY}`, "image/png"],
    ] as const) {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("Content-Type")).toContain(type);
      expect(answer.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
    expect(((await (await ask("/api/runs")).json()) as { id: string }[]).map(({ id }) => id)).toEqual([ID]);
  });

  it.each([
    [{ Host: "evil.example:4280" }, 403],
    [{ Host: "127.0.0.1.evil.example" }, 403],
    [{ Host: "" }, 403],
    [{ Origin: "http://evil.example" }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: "http://127.0.0.1:9999" }, 403],
    [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" }, 403],
    [{ Host: "localhost:4280", Origin: "http://localhost:4280" }, 200],
    [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" }, 200],
  ])("answers %j with %i", async (headers, status) => {
    const answer = await ask("/api/runs", headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s", async (method) => {
    expect((await ask("/api/runs", {}, method)).status).toBe(405);
  });

  it("serves nothing outside of its runs", async () => {
    for (const path of [
      "/api/runs/no-run/audit.json",
      "/api/runs/..%2Foutside/audit.json",
      "/api/runs/..%2F..%2Fsecret.json",
      `/api/runs/${ID}/live/..%2F..%2Faudit`,
      `/api/runs/${ID}/config.yaml`,
      "/assets/..%2F..%2Fpackage.json",
      "/../secret.json",
      "/api/runs/%2e%2e/audit.json",
    ]) {
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }
    // A link that somebody put among the runs is no folder of the run.
    await symlink(join(folder, "outside"), join(folder, "runs", "linked"));
    expect((await ask("/api/runs/linked/audit.json")).status).toBe(404);
  });
});

describe("events", () => {
  const log = (event: object) => appendFile(join(run, "events.jsonl"), `${JSON.stringify(event)}\n`);

  /** The first `count` events from a place on. */
  async function events(count: number, lastId?: string): Promise<{ id: string; data: unknown }[]> {
    const answer = await ask(`/api/runs/${ID}/events`, lastId === undefined ? {} : { "Last-Event-ID": lastId });
    const reader = answer.body!.getReader();
    let text = "";
    while ([...text.matchAll(/\n\n/g)].length < count) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return text
      .split("\n\n")
      .slice(0, count)
      .map((block) => ({
        id: block.match(/^id: ([^\n]*)$/m)![1]!,
        data: JSON.parse(block.match(/^data: ([^\n]*)$/m)![1]!),
      }));
  }

  it("are sent from the start, while they are written, and again from where a page lost them", async () => {
    await log({ type: "planned", jobs: [{}, {}], at: new Date().toISOString() });
    const [first] = await events(1);
    expect(first!.data).toMatchObject({ type: "planned" });
    const rest = events(2, first!.id);
    await log({ type: "started", key: KEY, text: "ü\u2028 two\nlines" });
    await appendFile(join(run, "events.jsonl"), '{"type":"finished",');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await appendFile(join(run, "events.jsonl"), `"key":"${KEY}","at":"${new Date().toISOString()}"}\n`);
    expect((await rest).map(({ data }) => (data as { type: string }).type)).toEqual(["started", "finished"]);
    expect((await events(3)).map(({ id }) => Number(id))).toEqual(
      (await readLines(join(run, "events.jsonl"), 0)).map(({ next }) => next),
    );
    expect(await describeRun({ id: ID, path: run })).toMatchObject({ state: "running", jobs: 2, done: 1 });
    expect(await describeRun({ id: ID, path: run }, Date.now() + 120_000)).toMatchObject({ state: "stopped" });
    await log({ type: "ended", at: new Date().toISOString() });
    expect(await describeRun({ id: ID, path: run })).toMatchObject({ state: "ended" });
  });

  it("an id that is none, or behind the end, starts anew", async () => {
    expect((await events(1, "x"))[0]!.data).toMatchObject({ type: "planned" });
    expect((await events(1, "999999"))[0]!.data).toMatchObject({ type: "planned" });
  });
});

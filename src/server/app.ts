// The routes of `leakscope view`: the page, the runs, a run's audit.json, its pictures while it runs, and its events. Reads only, and
// nothing but these files.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { follow } from "./event-stream.js";
import { guard } from "./guard.js";
import { describeRun, type ServedRuns } from "./runs.js";

/** The built page: its document, and its other files by name. */
export interface Page {
  readonly document: string;
  readonly files: ReadonlyMap<string, { readonly type: string; readonly content: Uint8Array<ArrayBuffer> }>;
}

export interface AppOptions {
  readonly runs: ServedRuns;
  readonly page: Page;
  /** Host names that are answered to, without port; default: the loopback's. */
  readonly hosts?: readonly string[] | undefined;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

const KEY = /^[0-9a-f]{8,64}$/;

/** The application; needs no port, so that tests can ask it directly. */
export function createApp({ runs, page, hosts, signal }: AppOptions): Hono {
  const app = new Hono();
  app.use(guard(hosts));
  app.get("/", (context) => context.html(page.document));
  app.get("/assets/:name", (context) => {
    const file = page.files.get(context.req.param("name"));
    return file ? context.body(file.content, 200, { "Content-Type": file.type }) : context.notFound();
  });
  app.get("/api/runs", async (context) => {
    const list = await runs.list();
    return context.json(await Promise.all(list.map((run) => describeRun(run))));
  });
  app.get("/api/runs/:run/audit.json", async (context) => {
    const run = await runs.find(context.req.param("run"));
    const text = run && (await readFile(join(run.path, "audit.json"), "utf8").catch(() => null));
    // A run that has nothing to show yet is no mistake of who asks.
    if (run && !text) return context.body(null, 204);
    return text ? context.body(text, 200, { "Content-Type": "application/json" }) : context.notFound();
  });
  app.get("/favicon.ico", (context) => context.body(null, 204));
  app.get("/api/runs/:run/live/:key", async (context) => {
    const run = await runs.find(context.req.param("run"));
    const key = context.req.param("key");
    if (!run || !KEY.test(key)) return context.notFound();
    const picture = await readFile(join(run.path, "live", `${key}.png`)).catch(() => null);
    // There is none yet, or no longer: the case has ended since the page asked.
    if (!picture) return context.body(null, 204);
    return context.body(new Uint8Array(picture), 200, { "Content-Type": "image/png" });
  });
  app.get("/api/runs/:run/events", async (context) => {
    const run = await runs.find(context.req.param("run"));
    if (!run) return context.notFound();
    const lastId = context.req.header("Last-Event-ID");
    return streamSSE(context, (stream) => follow(stream, join(run.path, "events.jsonl"), lastId, signal));
  });
  app.notFound((context) => context.text("there is no such page\n", 404));
  app.onError((error, context) => context.text(`the server could not answer: ${error.message}\n`, 500));
  return app;
}

// The web backends in real Chromium: WebAssembly on one thread, on two in a cross-origin isolated page, and WebGPU on Chromium's SwiftShader, which
// is for correctness, never for timing.
import type { Browser } from "playwright-core";
import { bundle, launch, noBrowser, serve } from "../bench/chromium.js";
import type { BackendPage, Wanted } from "./backend-page.js";

/** One way of running a web backend. */
export interface WebCase {
  readonly title: string;
  readonly name: Wanted["name"];
  readonly threads: number;
}

export const webCases: readonly WebCase[] = [
  { title: "web-wasm in Chromium, 1 thread", name: "web-wasm", threads: 1 },
  { title: "web-wasm in Chromium, 2 threads", name: "web-wasm", threads: 2 },
  { title: "web-webgpu in Chromium", name: "web-webgpu", threads: 1 },
];

export interface OpenedCase {
  /** Why it cannot run here, or null. */
  readonly reason: string | null;
  readonly promises: readonly string[];
  /** What the page complained of. */
  readonly complaints: readonly string[];
  /** Addresses that it asked for. */
  readonly requests: readonly string[];
  readonly origin: string;
  /** How many workers it has. */
  workers(): number;
  check(promise: number): Promise<string | null>;
  secondOrder(model: string): Promise<number[]>;
  close(): Promise<void>;
}

let shared: Promise<[string, Browser]> | undefined;

/** Ends the browser that all cases share. */
export async function closeBrowser(): Promise<void> {
  const [, browser] = (await shared) ?? [];
  shared = undefined;
  await browser?.close();
}

const unable = (reason: string): OpenedCase => ({
  ...{ reason, promises: [], complaints: [], requests: [], origin: "" },
  workers: () => 0,
  check: () => Promise.reject(new Error(reason)),
  secondOrder: () => Promise.reject(new Error(reason)),
  close: () => Promise.resolve(),
});

/** Opens a page of its own for a case; all share one browser. */
export async function openWebCase({ name, threads }: WebCase): Promise<OpenedCase> {
  if (noBrowser) return unable(noBrowser);
  shared ??= Promise.all([bundle(new URL("./backend-page.ts", import.meta.url)), launch()]);
  const [code, browser] = await shared;
  const server = await serve(code, { isolated: threads > 1 });
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(server.address);
  const call = <K extends keyof BackendPage>(method: K, argument: Parameters<BackendPage[K]>[0]) =>
    page.evaluate(`backendPage.${method}(${JSON.stringify(argument)})`) as ReturnType<BackendPage[K]>;
  const opened = await call("open", { name, files: server.files, threads });
  return {
    reason: "reason" in opened ? opened.reason : null,
    promises: "promises" in opened ? opened.promises : [],
    ...{ complaints, requests, origin: server.address },
    workers: () => page.workers().length,
    check: (promise) => call("check", promise),
    secondOrder: (model) => call("secondOrder", model),
    async close() {
      await page.close();
      await server.close();
    },
  };
}

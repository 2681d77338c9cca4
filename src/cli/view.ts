// `leakscope view`: serves the page over finished and running audits, to this machine only.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { createApp, type Page } from "../server/app.js";
import { serveRuns } from "../server/runs.js";
import { runsFolder } from "../store/runs.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { type Address, LOOPBACK, listen, namesOf, type RunningServer } from "./listen.js";
import { portNumber } from "./options.js";

const PORT = 4280;

const examples = `
Examples:
  leakscope view                       all runs in ${runsFolder}/, running ones live
  leakscope view leakscope-runs/2026-01-31T12-00-00-1a2b3c
  leakscope view --port 0              any free port
  leakscope audit --view               starts an audit and serves it meanwhile

The page is served to this machine only. Ctrl-C ends the server; it does not touch the audits.`;

/** The verb. `exit` is told how the process should end. */
export function viewCommand(exit: (code: ExitCode) => void): Command {
  return new Command("view")
    .description("look at finished and running audits in the browser")
    .argument("[folder]", `runs, or one run (default: ${runsFolder})`, runsFolder)
    .option("--port <n>", "0: any free one", portNumber, PORT)
    .option(
      "--host <address>",
      "address to listen on; any other than the default shows your audits to others",
      LOOPBACK,
    )
    .addHelpText("after", examples)
    .action(async (folder: string, options: Address) => {
      if (!existsSync(folder)) {
        throw new UsageError(
          `there is no folder ${folder}; runs are made by \`leakscope audit\`, or name another folder`,
        );
      }
      const interrupt = catchInterrupt(() => {});
      const server = await serveFolder(folder, options, interrupt.signal);
      process.stdout.write(`${server.url}  (Ctrl-C ends it)\n`);
      await server.closed;
      interrupt.release();
      exit(exitCodes.good);
    });
}

/** Serves `folder` until `signal` is aborted. Rejects with UsageError where the port is taken. */
export async function serveFolder(
  folder: string,
  { port = PORT, host = LOOPBACK }: Partial<Address>,
  signal: AbortSignal,
): Promise<RunningServer> {
  const app = createApp({ runs: await serveRuns(folder), page: await readPage(), signal, hosts: namesOf(host) });
  return listen(app, { port, host }, signal);
}

/** Serves the runs beside that of `path`, which may still be to come; the address is its own. Where the usual port is taken, another one. */
export async function serveRun(path: string, signal: AbortSignal): Promise<RunningServer> {
  const attempt = (port: number) => serveFolder(dirname(resolve(path)), { port }, signal);
  const server = await attempt(PORT).catch((error: unknown) => {
    if (error instanceof UsageError && error.cause !== undefined) return attempt(0);
    throw error;
  });
  return { ...server, url: `${server.url}?run=${encodeURIComponent(basename(path))}` };
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** The page that `npm run build` made. */
async function readPage(): Promise<Page> {
  const folder = fileURLToPath(new URL("../web/", import.meta.url));
  const names = await readdir(join(folder, "assets")).catch(() => [] as string[]);
  const files = await Promise.all(
    names.map(async (name) => {
      const content = new Uint8Array(await readFile(join(folder, "assets", name)));
      return [basename(name), { type: types[extname(name)] ?? "application/octet-stream", content }] as const;
    }),
  );
  const document = await readFile(join(folder, "index.html"), "utf8").catch(() => {
    throw new UsageError(`the page is not built (${folder}); run npm run build`);
  });
  return { document, files: new Map(files) };
}

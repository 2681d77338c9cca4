// `leakscope play`: serves the playground, where a picture comes back out of an update in the browser's own tab; or writes it as a static site.
import { existsSync } from "node:fs";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { createSite } from "../server/site.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { type Address, LOOPBACK, listen, namesOf } from "./listen.js";
import { portNumber } from "./options.js";

const PORT = 4281;

interface PlayOptions extends Address {
  readonly output?: string;
}

const examples = `
Examples:
  leakscope play                       open the address that it prints
  leakscope play --port 0              any free port
  leakscope play -o site/              the same as files, for any static host

Everything is computed in the tab; no picture leaves it. Ctrl-C ends the server.`;

/** The verb. `exit` is told how the process should end. */
export function playCommand(exit: (code: ExitCode) => void): Command {
  return new Command("play")
    .description("watch a picture come back out of an update, in the browser")
    .option("--port <n>", "0: any free one", portNumber, PORT)
    .option("--host <address>", "address to listen on; any other than the default lets others open the page", LOOPBACK)
    .option("-o, --output <folder>", "write the page there and serve nothing")
    .addHelpText("after", examples)
    .action(async ({ port, host, output }: PlayOptions) => {
      const folder = builtSite();
      if (output !== undefined) {
        await copySite(folder, output);
        process.stdout.write(`wrote the playground to ${output}; upload the folder as it is\n`);
      } else {
        const interrupt = catchInterrupt(() => {});
        const server = await listen(await createSite(folder, namesOf(host)), { port, host }, interrupt.signal);
        process.stdout.write(`${server.url}  (Ctrl-C ends it)\n`);
        await server.closed;
        interrupt.release();
      }
      exit(exitCodes.good);
    });
}

/** The page that `npm run build` made. Throws UsageError where it is not there. */
function builtSite(): string {
  const folder = fileURLToPath(new URL("../web/play/", import.meta.url));
  if (existsSync(join(folder, "index.html"))) return folder;
  throw new UsageError(`the playground is not built (${folder}); run npm run build`);
}

/** Copies the site into a folder that is new, empty, or an earlier copy. Throws UsageError for any other. */
async function copySite(folder: string, output: string): Promise<void> {
  const there = await readdir(output).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new UsageError(`${output} is no folder to write to (${error.code}); name another with -o`, { cause: error });
  });
  if (there.length > 0 && !(there.includes("runtime") && there.includes("index.html"))) {
    throw new UsageError(`${output} holds other files; name a new or empty folder with -o`);
  }
  // Names of an earlier copy's files hold other hashes.
  await rm(join(output, "assets"), { recursive: true, force: true });
  await cp(folder, output, { recursive: true });
}

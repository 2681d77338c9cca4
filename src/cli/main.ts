#!/usr/bin/env node
// The command line. One verb per file; this one only joins them and ends the process the way they ask.
import { Command } from "commander";
import { attackCommand } from "./attack.js";
import { auditCommand } from "./audit.js";
import { captureCommand } from "./capture.js";
import { checkCommand } from "./check.js";
import { doctorCommand } from "./doctor.js";
import { type ExitCode, errorText, exitCodes } from "./exit.js";
import { explainCommand } from "./explain.js";
import { inspectCommand } from "./inspect.js";
import { InterruptedError } from "./interrupt.js";
import { listCommand } from "./list.js";
import { playCommand } from "./play.js";
import { reproduceCommand } from "./reproduce.js";
import { readVersion } from "./tool.js";
import { viewCommand } from "./view.js";

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

// Not process.exit: output may still be on its way, and threads must come to their end.
const exit = (code: ExitCode): void => {
  process.exitCode = code;
};

const program = new Command("leakscope")
  .description("Measures what a federated-learning client's update gives away.")
  .version(await readVersion())
  .showHelpAfterError("(add --help for options and examples)")
  .addHelpText(
    "after",
    `
Examples:
  leakscope audit --preset demo       audit an embedded demo federation
  leakscope view                      look at audits in the browser, running ones live
  leakscope play                      watch a picture come back, in the browser
  leakscope attack dlg                one attack on one simulated round
  leakscope check net.onnx            what can be attacked in your model
  leakscope reproduce grnn            is an attack the method it is called?
  leakscope list attacks              what there is
  leakscope explain dlg               what it is and what it needs
  leakscope doctor                    what this machine can run, and how fast`,
  );
for (const make of [
  auditCommand,
  attackCommand,
  checkCommand,
  captureCommand,
  inspectCommand,
  reproduceCommand,
  viewCommand,
  playCommand,
  listCommand,
  explainCommand,
  doctorCommand,
])
  program.addCommand(make(exit).copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  exit(error instanceof InterruptedError ? exitCodes.interrupted : exitCodes.failed);
}

// `leakscope list`: attacks, defenses, metrics, models, data sources, threat models and presets.
import { Argument, Command } from "commander";
import { loadCatalogue } from "../audit/catalogue.js";
import { auditJsonSchema } from "../report/json.js";
import { type ExitCode, exitCodes } from "./exit.js";
import { inventory, type Kind, kinds, rowsOf } from "./inventory.js";
import { table } from "./table.js";

const examples = `
Examples:
  leakscope list
  leakscope list attacks
  leakscope list defenses --json
  leakscope list --schema > audit.schema.json`;

/** The verb. `exit` is told how the process should end. */
export function listCommand(exit: (code: ExitCode) => void): Command {
  return new Command("list")
    .description("show what there is")
    .addArgument(new Argument("[kind]", "what to list (default: everything)").choices(kinds))
    .option("--json", "print it as JSON")
    .option("--schema", "print the JSON schema of audit.json")
    .addHelpText("after", examples)
    .action(async (kind: Kind | undefined, { json, schema }: { json?: true; schema?: true }) => {
      process.stdout.write(
        `${schema ? JSON.stringify(auditJsonSchema(), null, 2) : await list(kind, json === true)}\n`,
      );
      exit(exitCodes.good);
    });
}

async function list(kind: Kind | undefined, json: boolean): Promise<string> {
  const catalogue = await loadCatalogue();
  if (json) {
    const all = Object.fromEntries(kinds.map((each) => [each, inventory[each](catalogue)]));
    return JSON.stringify(kind ? all[kind] : all, null, 2);
  }
  if (kind) return table(rowsOf(kind, inventory[kind](catalogue)));
  const sections = kinds.map((each) => `${each}\n\n${table(rowsOf(each, inventory[each](catalogue)))}`);
  return `${sections.join("\n\n")}\n\n\`leakscope explain <id>\` tells more about each.`;
}

// Runs a TypeScript file in a process of its own, without a build: the types of it and of the layers it needs are stripped into a folder
// beside the other packages, where the runtime is found and `leakscope/engine` means that folder.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

interface ChildOptions {
  /** Layers to take along, e.g. `src/engine`. */
  readonly layers: readonly string[];
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ChildResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

const exported = { "./engine": "./src/engine/index.js", "./engine/node-cpu": "./src/engine/backends/node-cpu.js" };

/** Runs `entry`, a path from the repository's root, to its end. */
export function runTranspiled(entry: string, { layers, nodeOptions = [], env = {} }: ChildOptions): ChildResult {
  const folder = mkdtempSync("node_modules/.leakscope-");
  try {
    const manifest = { name: "leakscope", type: "module", exports: exported };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    const sources = layers.flatMap((layer) =>
      readdirSync(layer, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
        .map((name) => join(layer, name)),
    );
    for (const source of [...sources, entry]) stripTypes(source, folder);
    const script = join(folder, entry.replace(/\.ts$/, ".js"));
    return spawnSync(process.execPath, [...nodeOptions, script], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function stripTypes(path: string, folder: string): void {
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  const target = join(folder, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, outputText);
}

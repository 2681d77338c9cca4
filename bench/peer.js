// Starts peer.py and asks it. PyTorch is pinned (spec/engine.md): unpinned, its threads migrate and its times are
// bimodal, and a comparison with that would flatter us.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { INPUT } from "./cases.js";

export const PINNED = { OMP_PROC_BIND: "true", GOMP_SPINCOUNT: "1000" };
const SCRIPT = fileURLToPath(new URL("./peer.py", import.meta.url));

/** There is no PyTorch to compare with; the message says how to get it. */
export class NoPeerError extends Error {
  name = "NoPeerError";
}

/**
 * Starts PyTorch with `threads` threads. `open(case, shared)` prepares a step, `check()` gives its { distance, gradient
 * } in float64, `block(ms)` gives { ms, cpuMs }: median time of a step, and the CPU time the block took. Throws
 * NoPeerError when PyTorch cannot be started.
 */
export async function startPeer({ python, threads }) {
  const child = spawn(python, [SCRIPT, String(threads)], {
    env: { ...process.env, ...PINNED, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // A peer that is gone shows as the end of its answers.
  child.stdin.on("error", () => {});
  const failed = once(child, "error").then(([error]) => ({ error: error.message }));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    return done ? { error: "it ended without an answer" } : JSON.parse(value);
  };
  const hello = await Promise.race([failed, answer()]);
  if (hello.error) {
    throw new NoPeerError(
      `no PyTorch in ${python} (${hello.error}): install it with "sudo apt-get install python3-torch", ` +
        "or name a Python that has it with --python PATH",
    );
  }
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const reply = await answer();
    if (reply.error)
      throw new Error(`the PyTorch process failed at "${request.op}": ${reply.error}; its message is above`);
    return reply;
  };
  return {
    version: hello.version,
    threads: hello.threads,
    async open({ model, distance, dtype }, { numbers, ...shared }) {
      const folder = await mkdtemp(join(tmpdir(), "leakscope-bench-"));
      try {
        const file = join(folder, "numbers.bin");
        await writeFile(file, Buffer.concat(numbers.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
        await ask({ op: "open", net: model, input: INPUT, distance, dtype, file, ...shared });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async check() {
      const { distance, gradient } = await ask({ op: "check" });
      return { distance, gradient: new Float64Array(new Uint8Array(Buffer.from(gradient, "base64")).buffer) };
    },
    block: (ms) => ask({ op: "block", ms }),
    close: () => child.stdin.end(),
  };
}

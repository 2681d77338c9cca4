// Where and when figures were taken.
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The commit that is measured, with "+" where files differ from it; "unknown" outside a checkout. */
function commit() {
  const git = (...args) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "src").length > 0;
    return `${git("rev-parse", "--short", "HEAD").trim()}${changed ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}

/** Facts of this machine and moment. */
export const describeMachine = () => ({
  date: new Date().toISOString(),
  commit: commit(),
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
  load: loadavg(),
});

// Completes package-lock.json with the optional packages of other platforms. A registry mirror that lacks them makes `npm install` write a
// lock that `npm ci` then refuses. Run it after every change of dependencies: `npm run lock`.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

let added = 0;
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${parent}/node_modules/${name}`;
    const top = `node_modules/${name}`;
    if (parent === "" || lock.packages[nested] || lock.packages[top]) continue;
    const words = name.split(/[-/]/);
    const os = systems.filter(
      (system) => words.includes(system) || (system === "linux" && words.includes("linuxmusl")),
    );
    const cpu = processors.filter((processor) => words.includes(processor));
    if (os.length === 0 && cpu.length === 0)
      throw new Error(`${name} names no platform: install it or lock it by hand`);
    lock.packages[top] = {
      version: range.replace(/^[\^~>=v]+/, ""),
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added++;
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} optional package(s) of other platforms added to package-lock.json\n`);

// A generator that a user brings, from the command line to the picture.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { parseAudit } from "../src/report/json.js";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "leakscope-generator-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = { latent: [8, 1, 1], output: "tanh", resolution: [3, 16, 16] };
const config = `
threats: [D]
data: { records: [0] }
model: { name: convnet }
attacks: [{ id: gias, iterations: 5, refinements: 5 }]
surrogate: { generator: ./faces.onnx }
vulnerability: false
`;

function audit() {
  writeFileSync(join(folder, "leakscope.config.yaml"), config);
  const { status, stdout, stderr } = spawnSync(process.execPath, [pathOf("../dist/cli/main.js"), "audit", "--json"], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("gias searches the user's generator; what is wrong with its files is named", { timeout: 60_000 }, () => {
  const missing = audit();
  expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining("faces.onnx")]);

  copyFileSync(pathOf("fixtures/generators/dcgan.onnx"), join(folder, "faces.onnx"));
  writeFileSync(join(folder, "faces.json"), JSON.stringify({ ...manifest, output: "tahn" }));
  const wrong = audit();
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining("faces.json: expected a manifest")]);

  writeFileSync(join(folder, "faces.json"), JSON.stringify(manifest));
  const [cell] = parseAudit(audit().stdout, "stdout").cells;
  expect([cell!.status, cell!.reason]).not.toEqual(["error", expect.anything()]);
  expect(cell!.notes.join()).toMatch(/within the generator's range, .* with parameters of each image's own/);
  expect(cell!.images[0]!.reconstruction).toMatch(/^data:image\/png/);
});

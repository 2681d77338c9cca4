import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { configSchema } from "./config.js";
import { contentOf, embedded } from "./content.js";

const folder = mkdtempSync(join(tmpdir(), "leakscope-content-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A CIFAR-10 file of three records whose first pixel is `byte`. */
function cifar(name: string, byte: number): string {
  const bytes = new Uint8Array(3 * 3073);
  bytes[1] = byte;
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}
const content = (input: object) => contentOf(configSchema.parse(input));

it("is one word for embedded data", async () => {
  expect(await content({})).toBe(embedded);
  expect(await content({ surrogate: { source: "emoji" } })).toBe(embedded);
});

it("changes with what is in a file and not with its path", async () => {
  const first = await content({ data: { source: "cifar10", path: cifar("a.bin", 1) } });
  expect(await content({ data: { source: "cifar10", path: cifar("b.bin", 1) } })).toBe(first);
  expect(await content({ data: { source: "cifar10", path: cifar("a.bin", 2) } })).not.toBe(first);
  expect(await content({ surrogate: { source: "cifar10", path: cifar("a.bin", 2) } })).not.toBe(embedded);
});

it("changes with the weights saved under the same name", async () => {
  const weights = join(folder, "weights.safetensors");
  writeFileSync(weights, "one");
  const before = await content({ model: { weights } });
  writeFileSync(weights, "two");
  expect(await content({ model: { weights } })).not.toBe(before);
});

it("changes with a generator and with its manifest", async () => {
  const generator = join(folder, "faces.onnx");
  const save = (graph: string, manifest: string) => {
    writeFileSync(generator, graph);
    writeFileSync(join(folder, "faces.json"), manifest);
    return content({ surrogate: { generator } });
  };
  const seen = [await save("one", "{}"), await save("two", "{}"), await save("two", "{ }")];
  expect(new Set([embedded, ...seen]).size).toBe(4);
});

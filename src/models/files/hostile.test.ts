import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ptOf } from "../../../test/hostile/pickle-bytes.js";
import { MARK } from "../../../test/hostile/pickle-calls.js";
import { ptFiles } from "../../../test/hostile/pt.js";
import { zipOf } from "../../../test/hostile/zip-bytes.js";
import { tensorFormats } from "../../../test/hostile-files.js";
import { tensor } from "../../math/tensor.js";
import { readSafetensors } from "../safetensors.js";
import { WeightsError } from "../weights-error.js";
import { readNpy, writeNpy } from "./npy.js";
import { readPtLegacy } from "./pt-legacy.js";
import { readTensorBytes } from "./read-tensor-bytes.js";
import { readTensors } from "./read-tensors.js";
import { openZip } from "./zip.js";

const SECONDS = 2;
const RUNS = 3000;
const GIB_IN_KIB = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "leakscope-hostile-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a step throws, which must be a WeightsError, or undefined. */
function refusal(step: () => unknown): WeightsError | undefined {
  try {
    step();
  } catch (error) {
    expect(error).toBeInstanceOf(WeightsError);
    return error as WeightsError;
  }
  return undefined;
}

const twins = tensorFormats.flatMap(({ format, twins }) =>
  Object.entries(twins).map(([name, bytes]) => ({ name: `${format} ${name}`, bytes })),
);

describe("whole twins of hostile files", () => {
  it.each(twins)("$name is read", ({ name, bytes }) => {
    const path = join(folder, "twin");
    writeFileSync(path, bytes);
    const { tensors } = readTensors(path);
    expect(tensors.size, name).toBeGreaterThan(0);
    for (const { shape, data } of tensors.values()) expect(() => tensor(shape, data)).not.toThrow();
  });
});

describe.each(tensorFormats)("hostile files: $format", ({ format, hostile }) => {
  it.each(hostile)("%s", (_, bytes, reason) => {
    const path = join(folder, `captured-${format}`);
    writeFileSync(path, bytes);
    const started = performance.now();
    const error = refusal(() => readTensors(path));
    const seconds = (performance.now() - started) / 1000;
    expect(error?.message).toContain(reason);
    expect(error?.message.startsWith(path)).toBe(true);
    expect(error?.message.length).toBeLessThan(1000);
    expect(seconds).toBeLessThan(SECONDS);
  });
});

describe("all readers", () => {
  const all = [
    ...twins.map(({ bytes }) => bytes),
    ...tensorFormats.flatMap(({ hostile }) => hostile.map(([, bytes]) => bytes)),
  ];

  it("answer every file of every format with tensors or a WeightsError", () => {
    for (const bytes of all) {
      for (const read of [readSafetensors, readNpy, readPtLegacy, openZip]) refusal(() => read(bytes, "w"));
    }
  });

  const fixtures = [
    "state-dict.pt",
    "state-dict-legacy.pt",
    "views.pt",
    "protocol-4.pt",
    "compressed.npz",
    "fortran.npy",
  ];
  const whole = [
    ...twins.map(({ bytes }) => bytes).filter(({ length }) => length < 4096),
    ...fixtures.map((name) => new Uint8Array(readFileSync(join("test/fixtures/tensor-files", name)))),
  ];
  // Checksums would catch damage inside an archive before anything else sees it: these put damaged parts into whole
  // archives.
  const array = writeNpy(tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)));
  const pickled = openZip(ptFiles.twins.whole!, "w").read("archive/data.pkl");
  const parts: readonly (readonly [Uint8Array, (part: Uint8Array) => Uint8Array])[] = [
    [pickled, (part) => ptOf(part)],
    [pickled, (part) => ptOf(part, { 0: new Uint8Array(4096) })],
    [array, (data) => zipOf([{ name: "a.npy", data, deflate: true }])],
    [deflateRawSync(array), (packed) => zipOf([{ name: "a.npy", data: array, method: 8, packed }])],
  ];
  const original = fc.constantFrom(
    ...parts,
    ...whole.map((bytes) => [bytes, (damaged: Uint8Array) => damaged] as const),
  );
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });

  it("answer random damage with tensors or a WeightsError", () => {
    const how = fc.constantFrom("change", "cut", "insert", "drop");
    fc.assert(
      fc.property(original, changes, how, fc.nat(), ([bytes, put], changes, how, place) => {
        const damaged = [...bytes];
        const at = place % bytes.length;
        if (how === "change") for (const [where, byte] of changes) damaged[where % bytes.length] = byte;
        else if (how === "cut") damaged.length = at;
        else
          damaged.splice(
            at,
            how === "drop" ? changes.length : 0,
            ...(how === "insert" ? changes.map(([, byte]) => byte) : []),
          );
        refusal(() => {
          const { tensors } = readTensorBytes(put(Uint8Array.from(damaged)), "w");
          for (const { shape, data } of tensors.values()) tensor(shape, data);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it("have run nothing, and have stayed below 1 GiB", () => {
    expect(existsSync(MARK)).toBe(false);
    expect(process.resourceUsage().maxRSS).toBeLessThan(GIB_IN_KIB);
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tensor } from "../../math/tensor.js";
import { WeightsError } from "../weights-error.js";
import { writeNpy } from "./npy.js";
import { readTensors } from "./read-tensors.js";

const FIXTURES = "test/fixtures/tensor-files";

interface Held {
  readonly format: string;
  readonly named: boolean;
  readonly tensors: Readonly<Record<string, { readonly shape: number[]; readonly values: number[] }>>;
  readonly passedOver: string[];
}

const index = Object.entries(
  JSON.parse(readFileSync(join(FIXTURES, "index.json"), "utf8")) as Record<string, Held | { readonly reason: string }>,
);
const valid = index.filter((entry): entry is [string, Held] => "tensors" in entry[1]);
const refused = index.filter((entry): entry is [string, { reason: string }] => "reason" in entry[1]);

describe("readTensors", () => {
  it.each(valid)("reads %s as NumPy or PyTorch wrote it, value by value", (name, expected) => {
    const { format, named, tensors, passedOver } = readTensors(join(FIXTURES, name));
    expect({ format, named, passedOver }).toEqual({
      format: expected.format,
      named: expected.named,
      passedOver: expected.passedOver,
    });
    expect([...tensors.keys()]).toEqual(Object.keys(expected.tensors));
    for (const [key, { shape, data }] of tensors) {
      expect({ key, shape, values: [...data] }).toEqual({ key, ...expected.tensors[key] });
    }
  });

  it.each(refused)("refuses %s with its name, the reason and no call", (name, { reason }) => {
    const path = join(FIXTURES, name);
    const error = errorOf(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message.startsWith(path)).toBe(true);
    expect(error.message).toContain(reason);
  });

  it("keeps float32 where it holds every value of the type, else takes float64", () => {
    const { tensors } = readTensors(join(FIXTURES, "named.npz"));
    const wide = [...tensors].filter(([, { data }]) => data instanceof Float64Array).map(([name]) => name);
    expect(wide).toEqual(["float64", "int64", "int32", "uint64", "uint32", "big"]);
  });

  const folder = mkdtempSync(join(tmpdir(), "leakscope-tensors-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const errorOf = (path: string): Error => {
    try {
      readTensors(path);
    } catch (error) {
      return error as Error;
    }
    throw new Error(`${path} was read`);
  };

  it("names what is wrong with a path", () => {
    const at = (name: string) => join(folder, name);
    symlinkSync(at("nowhere"), at("dangling"));
    symlinkSync(at("circle"), at("circle"));
    mkdirSync(at("empty"));
    mkdirSync(at("mixed"));
    writeFileSync(at("mixed/notes.txt"), "hello");
    mkdirSync(at("gap"));
    for (const i of [0, 2]) writeFileSync(at(`gap/${i}.npy`), writeNpy(tensor([], Float32Array.of(i))));
    mkdirSync(at("nested/inner.npy"), { recursive: true });
    writeFileSync(at("file"), "");
    const reasons: Record<string, string> = {
      absent: "found nothing there",
      dangling: "found nothing there",
      circle: "found links that lead in a circle",
      empty: "expected at least one tensor, found none",
      mixed: 'expected a folder of .npy files only, found "notes.txt"',
      gap: 'expected 2 arrays from 0 on, found none called "1"',
      nested: "inner.npy: expected a regular file, found a folder",
      file: "found an empty file",
      "file/inside": "found a path through a file",
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const error = errorOf(at(name));
      expect(error).toBeInstanceOf(WeightsError);
      expect(error.message).toContain(at(name));
      expect(error.message).toContain(reason);
    }
    expect(errorOf("/dev/zero").message).toContain("expected a regular file, found a device or pipe");
  });

  it("reads a folder by name where its files have names, and passes over hidden ones", () => {
    const named = join(folder, "named");
    mkdirSync(named);
    writeFileSync(join(named, ".DS_Store"), "x");
    writeFileSync(join(named, "fc.weight.npy"), writeNpy(tensor([1, 2], Float32Array.of(1, 2))));
    expect(readTensors(named)).toEqual({
      format: "npy-folder",
      named: true,
      tensors: new Map([["fc.weight", tensor([1, 2], Float32Array.of(1, 2))]]),
      passedOver: [],
    });
  });
});

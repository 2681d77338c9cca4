import { describe, expect, it } from "vitest";
import { loadCatalogue } from "./catalogue.js";
import { configSchema } from "./config.js";
import { caseKey } from "./key.js";
import { planAudit } from "./plan.js";

const config = configSchema.parse({ threats: ["A"], attacks: ["dlg"], defenses: ["top-k"] });
const plan = planAudit(config, await loadCatalogue(), {
  originals: "show",
  backend: "node-cpu",
  code: "c0de",
  content: "embedded",
});
const { spec } = plan.cells[0]!.case!;

/** The same value with the fields of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, held]) => [name, reversed(held)]),
  );
}

/** Every way to change one leaf of a value. */
function changes(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return [[...value, "more"], ...value.flatMap((held, i) => changes(held).map((other) => value.with(i, other)))];
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([name, held]) =>
      changes(held).map((other) => ({ ...value, [name]: other })),
    );
    return [...entries, { ...value, oneMore: 1 }];
  }
  if (typeof value === "number") return [value + 1];
  if (typeof value === "boolean") return [!value];
  return [value === null ? "something" : `${value}x`];
}

describe("a case's key", () => {
  it("is 16 hexadecimal digits and the same for any order of fields", () => {
    const key = caseKey(spec, "c0de");
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(caseKey(reversed(spec) as typeof spec, "c0de")).toBe(key);
    expect(caseKey(structuredClone(spec), "c0de")).toBe(key);
    expect(plan.cells[0]!.case!.key).toBe(key);
  });

  it("changes with every single field, nested ones too, and with the code", () => {
    const others = changes(spec) as (typeof spec)[];
    const keys = new Set([spec, ...others].map((one) => caseKey(one, "c0de")));
    expect(others.length).toBeGreaterThan(40);
    expect(keys.size).toBe(others.length + 1);
    expect(caseKey(spec, "c0df")).not.toBe(caseKey(spec, "c0de"));
  });

  it("takes an absent field and an undefined one for the same, a text and a number for different", () => {
    const key = (value: unknown) => caseKey(value as typeof spec, "");
    expect(key({ a: 1, b: undefined })).toBe(key({ a: 1 }));
    expect(key({ a: 1 })).not.toBe(key({ a: "1" }));
    expect(key({ a: [1, 2] })).not.toBe(key({ a: [2, 1] }));
    expect(key({ a: null })).not.toBe(key({}));
  });
});

// Round trip, refusal of what JSON or the schema cannot hold, and errors that name file and field.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import { AuditJsonError, auditJsonSchema, parseAudit, serialiseAudit } from "./json.js";

const edited = (edit: (value: Record<string, unknown>) => void): string => {
  const value = JSON.parse(serialiseAudit(sampleAudit()));
  edit(value);
  return JSON.stringify(value);
};

describe("serialiseAudit and parseAudit", () => {
  it("come back to the same audit", () => {
    expect(parseAudit(serialiseAudit(sampleAudit()), "audit.json")).toEqual(sampleAudit());
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %d in a figure and names the field", (value) => {
    const audit = sampleAudit((changed) => {
      changed.cells[1]!.scores.psnr!.perImage[2] = value;
    });
    expect(() => serialiseAudit(audit)).toThrow(/cells\[1\]\.scores\.psnr\.perImage\[2\] is not a finite number/);
  });

  it("refuses it inside options too, which the schema leaves free", () => {
    const audit = sampleAudit((changed) => {
      changed.cells[0]!.recipe.attackOptions = { nested: [{ tv: Number.NEGATIVE_INFINITY }] };
    });
    expect(() => serialiseAudit(audit)).toThrow(/cells\[0\]\.recipe\.attackOptions\.nested\[0\]\.tv/);
  });

  it("refuses an audit that breaks the schema, before anything is written", () => {
    const audit = sampleAudit((changed) => {
      changed.cells[0]!.budget.iterations = 1.5;
    });
    expect(() => serialiseAudit(audit)).toThrow(AuditJsonError);
    expect(() => serialiseAudit(audit)).toThrow(/cells\[0\]\.budget\.iterations: /);
  });

  it("names file and field of what it cannot read", () => {
    const read = (text: string) => () => parseAudit(text, "runs/7/audit.json");
    expect(read("{")).toThrow(/^runs\/7\/audit\.json is not JSON: /);
    expect(read("null")).toThrow(/runs\/7\/audit\.json is not an audit: the whole file: /);
    expect(read(edited((value) => delete value.machine))).toThrow(/runs\/7\/audit\.json is not an audit: machine: /);
    expect(read(edited((value) => Object.assign(value, { schemaVersion: 2 })))).toThrow(
      "runs/7/audit.json has schemaVersion 2, this leakscope reads 1; use the version that wrote it",
    );
    expect(
      read(edited((value) => Object.assign(value, { findings: "none", credits: 3, seconds: "9", cells: {} }))),
    ).toThrow(/; and 1 more$/);
  });
});

describe("auditJsonSchema", () => {
  it("describes the file: its fields, that all of them are there, and the statuses", () => {
    const schema = JSON.parse(JSON.stringify(auditJsonSchema()));
    expect(schema.type).toBe("object");
    expect(schema.required).toEqual(Object.keys(schema.properties));
    expect(schema.properties.cells.items.properties.status.enum).toEqual([
      "leak",
      "resisted",
      "unknown",
      "not-applicable",
      "error",
    ]);
  });
});

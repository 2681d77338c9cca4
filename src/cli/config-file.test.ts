import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Catalogue } from "../audit/catalogue.js";
import { configSchema } from "../audit/config.js";
import { anchorPaths, ConfigError, checkConfig, plainSource, readYaml } from "./config-file.js";

const attack = (id: string) => ({
  id,
  options: z.object({ iterations: z.int().min(1).default(300), lr: z.number().default(1) }),
});
const topK = { id: "top-k", options: z.object({ keep: z.number().gt(0).max(1).default(0.1) }) };
const byId = (...values: { id: string }[]) => new Map(values.map((value) => [value.id, value]));
const catalogue = {
  attacks: byId(attack("dlg"), attack("idlg"), attack("inverting-gradients")),
  defenses: byId(topK),
  metrics: byId({ id: "psnr", variants: {} } as never, { id: "ssim", variants: { "gauss11-valid": {} } } as never),
} as unknown as Catalogue;

const check = (text: string) => checkConfig(readYaml(`metrics: [psnr]\n${text}`, "leakscope.config.yaml"), catalogue);

function messageOf(text: string): string {
  try {
    check(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`expected an error from ${text}`);
}

const forCapture = (text: string) => checkConfig(readYaml(`metrics: [psnr]\n${text}`, "c.yaml"), catalogue, "capture");

describe("what a verb plays", () => {
  it("is whole federations", () => {
    const many = "federation: { algorithm: FedAvg, clients: 3, rounds: 2, localEpochs: 2, batchSize: 3 }";
    expect(forCapture(many).federation).toMatchObject({ clients: 3, rounds: 2, momentum: 0 });
    expect(check(many).federation).toEqual(forCapture(many).federation);
    expect(check(`${many}\nupdates: ./captured`).updates).toBe("./captured");
  });

  it.each([
    ["updates: x", "updates: names a capture already"],
    ["defenses: [top-k]", "defenses: a capture holds undefended uploads"],
    ["federation: { localEpochs: 2 }", "federation.localEpochs: more than one needs FedAvg"],
  ])("a capture refuses %s", (text, message) => {
    expect(() => forCapture(text)).toThrow(message);
  });

  it.each([
    ["federation: { clients: 2, samples: 2, perRound: 3 }", "federation.perRound: draws from the federation's clients"],
    ["data: { records: 5 }\nfederation: { clients: 2, samples: 2 }", "do not cut into federations of 2 x 2 records"],
    ["model: { classes: 20, file: net.onnx }", "model.classes: an ONNX file has its own number of classes"],
    ["updates: x\ndefenses: [none, top-k]", "defenses: captured updates are attacked as they are"],
    ["model: { name: net.onnx }", 'model.name: "net.onnx" is a file; write model: { file: net.onnx }'],
    ["model: { name: convnet, file: net.onnx }", "model.file: name and file exclude each other; keep one"],
  ])("an audit refuses %s", (text, message) => {
    expect(messageOf(text)).toContain(message);
  });

  it("calls a model by its file, once and again", () => {
    const once = check("model: { file: ./nets/net.onnx }").model;
    expect(once).toEqual({ name: "net.onnx", file: "./nets/net.onnx" });
    expect(check(`model: ${JSON.stringify(once)}`).model).toEqual(once);
  });
});

describe("checkConfig", () => {
  it("fills in every default", () => {
    const config = check("attacks: [dlg, { id: idlg, iterations: 20 }]\ndefenses: [none, { id: top-k, keep: 0.01 }]");
    expect(config).toEqual({
      ...configSchema.parse({ metrics: ["psnr"] }),
      attacks: ["dlg", { id: "idlg", iterations: 20 }],
      defenses: ["none", { id: "top-k", keep: 0.01 }],
    });
    expect(check("").model.name).toBe("lenet");
  });

  it.each([
    // What is wrong, the text from line 2 on, and the message without the file's name.
    ["unknown field", "seeed: 1", '2:1: seeed: unknown field; did you mean "seed"?'],
    [
      "unknown inner field",
      "federation:\n  batchsize: 4",
      '3:3: federation.batchsize: unknown field; did you mean "batchSize"?',
    ],
    ["wrong type", "seed: one", '2:7: seed: expected a number, got "one"'],
    [
      "wrong inner type",
      "federation: { batchSize: 1.5 }",
      "2:26: federation.batchSize: expected a whole number, got 1.5",
    ],
    ["too small", "federation:\n  batchSize: 0", "3:14: federation.batchSize: expected at least 1, got 0"],
    ["not above", "budget: { seconds: 0 }", "2:20: budget.seconds: expected a number above 0, got 0"],
    ["a share above one", "federation: { dropout: 2 }", "2:24: federation.dropout: expected at most 1, got 2"],
    [
      "wrong word",
      "labels: knwon",
      '2:9: labels: expected one of recovered, known, got "knwon"; did you mean "known"?',
    ],
    ["unknown letter", "threats: [A, Z]", '2:14: threats[1]: expected one of A, B, C, D, E, F, G, H, got "Z"'],
    ["empty list", "attacks: []", "2:10: attacks: expected at least 1 entry, got []"],
    ["no list", "attacks: dlg", '2:10: attacks: expected a list, got "dlg"'],
    ["neither type of a union", "data: { records: all }", '2:18: data.records: expected a list or a number, got "all"'],
    ["entry inside a union", "data: { records: [0, x] }", '2:22: data.records[1]: expected a number, got "x"'],
    ["choice without id", "attacks:\n  - { iterations: 3 }", "3:5: attacks[0].id: is missing; expected a text"],
    ["unknown attack", "attacks: [dlg, idgl]", '2:16: attacks[1]: unknown attack "idgl"; did you mean "idlg"?'],
    [
      "unknown attack with options",
      "attacks:\n  - id: inverting",
      '3:9: attacks[0].id: unknown attack "inverting"; did you mean "inverting-gradients"?',
    ],
    [
      "unknown option",
      "attacks: [{ id: dlg, iteration: 3 }]",
      '2:22: attacks[0].iteration: unknown field; did you mean "iterations"?',
    ],
    [
      "wrong option",
      "attacks: [{ id: dlg, iterations: none }]",
      '2:34: attacks[0].iterations: expected a number, got "none"',
    ],
    ["option out of range", "defenses: [{ id: top-k, keep: 2 }]", "2:31: defenses[0].keep: expected at most 1, got 2"],
    ["unknown defense", "defenses: [noen]", '2:12: defenses[0]: unknown defense "noen"; did you mean "none"?'],
    ["unknown model", "model: { name: lenett }", '2:16: model.name: unknown model "lenett"; did you mean "lenet"?'],
    [
      "unknown source",
      "data: { source: cifar }",
      '2:17: data.source: unknown data source "cifar"; did you mean "cifar10"?',
    ],
    ["source lacks a field", "data: { source: cifar10 }", "2:7: data.path: is missing; expected a text"],
    [
      "source's unknown field",
      "data: { source: portraits, sise: 32 }",
      '2:28: data.sise: unknown field; did you mean "size"?',
    ],
    [
      "surrogate without source",
      "surrogate: { size: 32 }",
      "2:14: surrogate.size: has no effect without surrogate.source; name a source or remove this field",
    ],
    [
      "uneven batches",
      "data: { records: [0, 1, 2] }\nfederation: { batchSize: 2 }",
      "2:18: data.records: 3 image(s) do not cut into batches of 2; change data.records or federation.batchSize",
    ],
    [
      "broken YAML",
      "attacks: [dlg",
      "2:14: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["field twice", "seed: 1\nseed: 2", "3:1: Map keys must be unique"],
  ])("names line, column and the way out: %s", (_, text, expected) => {
    expect(messageOf(text)).toBe(`leakscope.config.yaml:${expected}`);
  });

  it("lists every problem, one a line", () => {
    expect(messageOf("seed: -1\nlabels: 3").split("\n")).toEqual([
      "leakscope.config.yaml:3:9: labels: expected one of recovered, known, got 3",
      "leakscope.config.yaml:2:7: seed: expected at least 0, got -1",
    ]);
  });

  it("refuses a file that is no mapping, and points into aliases", () => {
    const list = () => checkConfig(readYaml("- dlg", "a.yaml"), catalogue);
    expect(list).toThrow(/^a.yaml:1:1: expected fields \(key: value\), got \["dlg"\]$/);
    expect(messageOf("data: &d { records: 4, source: portrait }\nsurrogate: *d")).toContain(
      "leakscope.config.yaml:2:32: data.source",
    );
  });

  it("accepts and refuses variants of a metric", () => {
    expect(checkConfig(plainSource({ metrics: ["ssim/gauss11-valid"] }, "preset"), catalogue).metrics).toHaveLength(1);
    const wrong = () => checkConfig(plainSource({ metrics: ["ssim/gauss11"] }, "preset demo"), catalogue);
    expect(wrong).toThrow('preset demo: metrics[0]: unknown variant of ssim "gauss11"; did you mean "gauss11-valid"?');
  });
});

describe("anchorPaths", () => {
  it("takes the paths of files from the folder of the configuration", () => {
    const config = configSchema.parse({
      model: { weights: "w.safetensors" },
      data: { source: "cifar10", path: "./train.bin" },
      surrogate: { source: "folder", path: "/data/faces" },
    });
    const anchored = anchorPaths(config, "deep/er/leakscope.config.yaml");
    expect(anchored.model.weights).toBe("deep/er/w.safetensors");
    expect(anchored.data).toEqual({ ...config.data, path: "deep/er/train.bin" });
    expect(anchored.surrogate).toEqual(config.surrogate);
  });
});

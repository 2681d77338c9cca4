// The built command line on one's own material: PyTorch's export and gradient (docs/recipes.md, run by Debian's python3), captures, checks.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileOnnx } from "./hostile/onnx.js";
import { tensorFormats } from "./hostile-files.js";
import { measureCli } from "./measured-cli.js";
import { exportedFile } from "./onnx-models.js";
import { decibelsOf, portrait, recipe, torchIsMissing } from "./recipe.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const cifar = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "cifar10-sample", "train_4000.bin");
const root = mkdtempSync(join(tmpdir(), "leakscope-own-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const leakscope = (cwd: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { cwd, maxBuffer: 2 ** 26 }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

const folderOf = (name: string): string => {
  mkdirSync(join(root, name));
  return join(root, name);
};

const attack = ["attack", "dlg", "--model", "net.onnx", "--update"];
const search = ["--option", "starts=1", "--option", "history=30"];

describe.skipIf(torchIsMissing)("PyTorch's model and gradient, exported by the recipe", () => {
  it.skipIf(!existsSync(cifar))(
    "of a CIFAR-10 picture as .pt: dlg brings it back above 40 dB",
    async () => {
      const folder = folderOf("cifar");
      const record = readFileSync(cifar).subarray(0, 3073);
      recipe(folder, record, "lenet", 4);
      const { code, out } = await leakscope(folder, ...attack, "gradient.pt", ...search, "--option", "target=6e-9");
      expect(code).toBe(0);
      expect(out).toContain("8 parameters of onnx:net.onnx matched by name");
      expect(out).toContain("Labels: 6 (labels/joint); the last layer alone says 6 (labels/idlg): they agree");
      expect(decibelsOf(readFileSync(join(folder, "leakscope-attack/reconstruction-0.png")), record)).toBeGreaterThan(
        40,
      );
    },
    120_000,
  );

  describe("of a drawn portrait", () => {
    const folder = folderOf("portrait");
    let record: Uint8Array;
    beforeAll(async () => {
      record = await portrait(0);
      recipe(folder, record, "lenet", 4);
    }, 60_000);

    it("as safetensors: dlg brings it back; result and pictures are written, no truth among them", async () => {
      const quick = ["--option", "precision=float32", "--option", "target=1e-8", "-o", "out"];
      const { code, out } = await leakscope(folder, ...attack, "gradient.safetensors", ...search, ...quick);
      expect(code).toBe(0);
      expect(out).toMatch(/the reconstruction +(100|99\.\d+) %/);
      expect(out).toMatch(/white noise \(floor\)/);
      expect(out).not.toContain("dB");
      expect((await readdir(join(folder, "out"))).sort()).toEqual(["reconstruction-0.png", "result.json"]);
      const result = JSON.parse(readFileSync(join(folder, "out/result.json"), "utf8"));
      expect(result.update).toMatchObject({ kind: "gradient", sign: 1, scale: 1 });
      expect(decibelsOf(readFileSync(join(folder, "out/reconstruction-0.png")), record)).toBeGreaterThan(35);
    }, 120_000);

    it("means the same in every format, and local weights as a client sends them, too", async () => {
      const files = ["gradient.pt", "gradient.npz", "gradient.safetensors", "after.pt"];
      const once = ["--option", "iterations=1", "--json"];
      const told = await Promise.all(
        files.map(async (file) => {
          const { out, err } = await leakscope(
            folder,
            ...["attack", "inverting-gradients", "--model", "net.onnx", "--update", file, "-o", file.replace(".", "-")],
            ...once,
          );
          expect(out, err).not.toBe("");
          return JSON.parse(out);
        }),
      );
      expect(told.map(({ update }) => update.kind)).toEqual(["gradient", "gradient", "gradient", "weights"]);
      expect(told[3].update.scale).toBeCloseTo(0.1, 3);
      for (const { result } of told.slice(1, 3)) expect(result.distance).toEqual(told[0].result.distance);
      expect(told[3].result.distance.relative).toBeCloseTo(told[0].result.distance.relative, 2);
    });

    it("is asked about where the rules do not decide, and refused where it does not fit", async () => {
      const told = async (...args: string[]) => {
        const { code, out, err } = await leakscope(folder, ...args);
        expect([code, out]).toEqual([1, ""]);
        return err;
      };
      const net = ["--model", "net.onnx", "--update", "gradient.pt"];
      expect(
        await told("attack", "dlg", ...net, "--kind", "delta", "--sign", "local-global", "--batch-size", "2"),
      ).toMatch(/gradient\.pt: the scale of the update cannot be told: say --scale/);
      expect(await told("attack", "dlg", "--update", "gradient.pt")).toContain("--update needs --global");
      expect(await told("attack", "dlg", ...net, "--labels", "known:3,5")).toContain("2 label(s) for 1 image(s)");
      expect(await told("attack", "dlg", ...net, "--labels", "known:30")).toContain("classes 0 to 9");
      expect(await told("attack", "dlg", ...net, "--data", "emoji")).toContain("--data has no effect with --update");
      expect(await told("attack", "dlg", "--kind", "delta")).toContain("--kind belongs to an own update; add --update");
      expect(await told("attack", "robbing-the-fed", ...net)).toContain("acts while the federation runs");
      expect(await told("attack", "dlg", "--model", "net.onnx", "--update", "none.pt")).toContain(
        "none.pt: expected a file or folder to read, found nothing there",
      );
      expect(await told("attack", "dlg", "--model", "none.onnx")).toContain("none.onnx: expected");
    }, 60_000);

    it("simulates rounds of the exported model on pictures in its own size", async () => {
      const args = ["--model", "net.onnx", "--option", "iterations=2", "-o", "simulated"];
      const { code, out } = await leakscope(folder, "attack", "inverting-gradients", ...args);
      expect(code).toBe(0);
      expect(out).toContain("inverting-gradients under B, net.onnx, defense none");
    });
  });
});

describe("leakscope check", () => {
  it("tells what runs where at what cost, and warns of folded BatchNorm, with the remedy", async () => {
    const folder = folderOf("check");
    writeFileSync(join(folder, "folded.onnx"), exportedFile("cnn-bn-folded"));
    const { code, out } = await leakscope(folder, "check", "folded.onnx", "--try", "0.2");
    expect(code).toBe(0);
    expect(out).toContain("onnx:folded.onnx: images of 3x16x16, 4 classes");
    expect(out).toMatch(/Warnings\n {2}BatchNorm is folded[\s\S]*TrainingMode\.PRESERVE/);
    expect(out).toMatch(/^ {2}dlg +A B C D E F G H/m);
    expect(out).toMatch(/^ {2}robbing-the-fed +G H +simulate a round/m);
  });

  it("for programs, with an update", async () => {
    const folder = folderOf("check-json");
    const captured = await leakscope(folder, "capture", "-o", "one");
    expect(captured.code).toBe(0);
    const update = ["--update", "one/round-0-client-0.safetensors", "--classes", "8"];
    const { out } = await leakscope(folder, "check", "lenet", ...update, "--try", "0.2", "--json");
    const told = JSON.parse(out);
    expect(told.update).toMatchObject({ kind: "gradient", sign: 1, scale: 1, batchSize: 1 });
    expect(told.attacks.map(({ attack: id }: { attack: string }) => id)).toContain("inverting-gradients");
    expect(told.model.layers[0]).toMatchObject({ kind: "convolution", numbers: 912 });
  });
});

describe("leakscope capture", () => {
  it("records a federation that attack and audit read elsewhere", async () => {
    const folder = folderOf("capture");
    writeFileSync(
      join(folder, "federation.yaml"),
      "data: { records: 8 }\nfederation: { algorithm: FedAvg, clients: 2, batchSize: 2, rounds: 2 }\n",
    );
    const { code, out } = await leakscope(folder, "capture", "-c", "federation.yaml", "-o", "averaged");
    expect([code, out.includes("round 1  2 update(s)  8 images")]).toEqual([0, true]);
    expect((await leakscope(folder, "capture", "-o", "averaged")).err).toContain("averaged holds a capture already");
    const attacked = await leakscope(
      folder,
      ...["attack", "inverting-gradients", "--update", "averaged/round-1-client-1.safetensors"],
      ...["--option", "iterations=2", "--json"],
    );
    const told = JSON.parse(attacked.out);
    expect(told).toMatchObject({ batchSize: 4, update: { kind: "delta", sign: 1, scale: 0.2 }, seed: 1 });
    expect(told.files.global).toBe("averaged/round-1-global.safetensors");

    const audited = await leakscope(folder, "audit", "-c", "averaged/leakscope.config.yaml", "--json");
    const reasons = JSON.parse(audited.out).cells.map(({ reason }: { reason: string }) => reason);
    expect(reasons).toContain("attack dlg works on FedSGD; the federation's algorithm is FedAvg");
    expect(reasons).not.toContain(undefined);
  }, 60_000);

  it("copies an ONNX model beside the updates, so that the folder alone is enough", async () => {
    const folder = folderOf("capture-onnx");
    writeFileSync(join(folder, "net.onnx"), exportedFile("resnet18"));
    mkdirSync(join(folder, "pictures/a"), { recursive: true });
    // The only picture there is: a capture takes no surrogate.
    writeFileSync(join(folder, "pictures/a/cat.png"), readFileSync("assets/cc0-photos/cat.png"));
    const config = "model: { file: net.onnx }\ndata: { source: folder, path: pictures, records: [0] }\n";
    writeFileSync(join(folder, "c.yaml"), config);
    expect((await leakscope(folder, "capture", "-c", "c.yaml", "-o", "captured")).code).toBe(0);
    rmSync(join(folder, "net.onnx"));
    const { code, out } = await leakscope(
      folder,
      ...["attack", "inverting-gradients", "--update", "captured/round-0-client-0.safetensors"],
      ...["--option", "iterations=1"],
    );
    expect([code, out.includes("model.onnx (3x32x32, 4 classes)")]).toEqual([0, true]);
  }, 60_000);
});

// All of them: test/proofs/hostile.proof.ts.
it("answers a hostile file of each kind with one line that names it, at once, in little memory", async () => {
  const folder = folderOf("hostile");
  expect((await leakscope(folder, "capture", "-o", "one")).code).toBe(0);
  const net = [
    "check",
    "lenet",
    "--classes",
    "8",
    "--global",
    join(folder, "one/round-0-global.safetensors"),
    "--update",
  ];
  const tensors = tensorFormats.map(({ hostile }, i) => [`${i}.bin`, hostile[0]![1], net] as const);
  const onnx = hostileOnnx["a cycle"]![0]();
  for (const [name, bytes, verb] of [...tensors, ["cycle.onnx", onnx, ["check"]] as const]) {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    const { code, out, err, peak } = await measureCli(...verb, file);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(file);
    expect(err).not.toMatch(/^\s+at /m);
    expect(peak).toBeLessThan(1e9 / 1024);
  }
}, 60_000);

it("shows examples in the help of every verb here", () => {
  for (const verb of ["attack", "check", "capture"]) {
    const help = execFileSync(process.execPath, [main, verb, "--help"], { encoding: "utf8" });
    expect(help).toContain(`Examples:\n  leakscope ${verb}`);
  }
});

// A run of the playground outside the browser: what it tells, in which order, and that its verdict is the audit's.
import { beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../src/data/dataset.js";
import { openDataset } from "../src/data/open.js";
import type { Backend } from "../src/engine/backends/backend.js";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { attacks, defenses, models } from "../web/play/methods.js";
import { type Controls, play } from "../web/play/play.js";
import { choices, type PlayMessage, type PlayRequest } from "../web/play/protocol.js";

const GALLERY = 24;

let portraits: Dataset;
let backend: Backend;

beforeAll(async () => {
  portraits = await openDataset({ source: "portraits" });
  backend = nodeCpu({ threads: 1 });
});

type Done = Extract<PlayMessage, { kind: "done" }>;

/** Plays the first portrait; gives all messages and the last one by itself. */
async function playFirst(changes: Partial<PlayRequest>, controls: Controls = new Map()) {
  const pixels = Float32Array.from(portraits.pixels(0), (byte) => byte / 255);
  const request: PlayRequest = {
    picture: { width: 32, height: 32, pixels },
    label: portraits.label(0),
    model: "lenet",
    attack: "robbing-the-fed",
    defense: null,
    strength: 0,
    seed: 1,
    ...changes,
  };
  const told: PlayMessage[] = [];
  const datasetOf = () => ({ ...portraits, length: GALLERY, label: portraits.label, pixels: portraits.pixels });
  await play(request, { backend, datasetOf, tell: (message) => told.push(message) }, controls);
  return { told, done: told.at(-1) as Done };
}

const kinds = (told: readonly PlayMessage[]) => [...new Set(told.map(({ kind }) => kind))];

describe("a run", () => {
  it("tells of the update, the label, every step and the end, and is undecided where the attack fails without a defense", async () => {
    const { told, done } = await playFirst({ attack: "dlg", model: "mlp" });
    expect(kinds(told)).toEqual(["update", "label", "progress", "done"]);
    const update = told[0] as Extract<PlayMessage, { kind: "update" }>;
    expect(update.layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(Math.hypot(...update.layers.map(({ norm }) => norm))).toBeCloseTo(update.norm, 4);
    expect([update.picture.width, update.picture.height, update.without]).toEqual([32, 32, null]);
    expect(told[1]).toEqual({ kind: "label", label: portraits.label(0), sure: true });
    expect(done.psnr).toBeLessThan(done.floor.psnr);
    expect([done.verdict, done.why]).toEqual(["unknown", expect.stringContaining("That proves nothing")]);
  });

  it("finds what an armed server's layer copied, and nothing under noise, where it plays its control once", async () => {
    const controls: Controls = new Map();
    const defended = await playFirst({ defense: "client-dp", strength: 1 }, controls);
    expect(kinds(defended.told)).toEqual(["update", "label", "control", "done"]);
    expect(defended.done.verdict).toBe("held");
    expect(defended.done.why).toMatch(
      /^Without the defense Robbing the Fed gets this picture back; with it, it finds none\./,
    );
    const [update] = defended.told as [Extract<PlayMessage, { kind: "update" }>];
    expect(update.norm).toBeGreaterThan(10 * update.without!.norm);
    const plain = await playFirst({}, controls);
    expect(plain.done.psnr).toBeGreaterThan(60);
    const again = await playFirst({ defense: "client-dp", strength: 0.1 }, controls);
    expect(kinds(again.told)).not.toContain("control");
  });

  it("says so where the defense changes nothing, or the length alone", async () => {
    const whole = await playFirst({ model: "mlp", defense: "soteria", strength: 1 });
    expect(whole.done.why).toMatch(/changes nothing: the client sent its whole gradient\.$/);
    const shortened = await playFirst({ defense: "client-dp", strength: 0 });
    expect(shortened.done.why).toMatch(/cut from a length of 38\.7 to 4, but still points where it did/);
    expect([whole.done.verdict, shortened.done.verdict]).toEqual(["leaked", "leaked"]);
  });
});

describe("what the page offers", () => {
  it("is there, with options that the methods take", () => {
    expect(choices.models.map(({ id }) => id)).toEqual(Object.keys(models));
    expect(choices.attacks.map(({ id }) => id)).toEqual(Object.keys(attacks));
    expect(choices.defenses.map(({ id }) => id)).toEqual(Object.keys(defenses));
    for (const { attack, options } of Object.values(attacks)) expect(() => attack.options.parse(options)).not.toThrow();
    for (const { id, strength } of choices.defenses) {
      expect(strength!.steps).toContain(strength!.default);
      for (const step of strength!.steps) {
        const { defense, options } = defenses[id]!;
        expect(() => defense.options.parse(options(step))).not.toThrow();
      }
    }
  });
});

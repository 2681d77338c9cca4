import { describe, expect, it } from "vitest";
import { attached, fedAvg, play } from "../../test/small-federation.js";
import { arrange, hidesUploads, UnsupportedDefenseError } from "./compose.js";
import type { AttachedDefense, Hooks, Stage } from "./hooks.js";
import { type Protocol, plainProtocol } from "./protocol.js";

const protocol = (fields: Partial<Protocol> = {}): Protocol => ({ ...plainProtocol, ...fields });
const masks = attached("masks", {}, "masking");

describe("defenses that do not go together", () => {
  it.each<[string, AttachedDefense, AttachedDefense, string]>([
    [
      "sparse coordinates of each client's own",
      masks,
      attached("sparse", {}, "sparsification"),
      "the same coordinates",
    ],
    [
      "a server that reads single uploads",
      masks,
      attached("clips", { collect: (sent) => sent }, "server"),
      "clip at the clients",
    ],
    [
      "robust aggregation",
      masks,
      attached("median", { aggregate: ([first]) => first!.update }, "server"),
      "cannot clip, weigh or compare single uploads",
    ],
    ["two kinds of masks", masks, attached("encrypts", {}, "masking"), "masked or encrypted once"],
    [
      "two that aggregate",
      attached("median", { aggregate: ([first]) => first!.update }, "server"),
      attached("mean", { aggregate: ([first]) => first!.update }, "perturbation"),
      'both decide "aggregate"',
    ],
    [
      "two that draw batches",
      attached("a", { drawBatch: () => [0] }),
      attached("b", { drawBatch: () => [0] }),
      'both decide "drawBatch"',
    ],
  ])("are refused by name and reason: %s", (_, first, second, reason) => {
    for (const both of [
      [first, second],
      [second, first],
    ]) {
      const arranging = () => arrange(both, protocol());
      expect(arranging).toThrow(UnsupportedDefenseError);
      expect(arranging).toThrow(`defenses ${both[0]!.id} and ${both[1]!.id} do not go together: `);
      expect(arranging).toThrow(reason);
    }
    expect(arrange([first], protocol())).toEqual([first]);
    expect(arrange([second], protocol())).toEqual([second]);
  });

  it("go together where clients agree on coordinates, and where the server adds noise to the sum alone", () => {
    const common = { ...attached("common", {}, "sparsification"), agreedCoordinates: true };
    const noise = attached("noise", { afterAggregate: (sum) => sum }, "server");
    expect(arrange([noise, masks, common], protocol())).toEqual([common, masks, noise]);
  });

  it("two that take the local step, under FedAvg", () => {
    const step: Partial<Hooks> = { localStep: (weights) => weights };
    expect(() => arrange([attached("a", step), attached("b", step)], protocol({ algorithm: fedAvg }))).toThrow(
      '"localStep"',
    );
  });
});

describe("a single defense", () => {
  it("is attached once", () => {
    expect(() => arrange([masks, masks], protocol())).toThrow("masks is attached twice");
  });

  it("declares its channel to peers", () => {
    const silent = { ...attached("talks", { peerExchange: () => [] }), needs: [] };
    expect(() => arrange([silent], protocol())).toThrow(
      'talks acts at "peerExchange" and has to declare the need "peerChannel"',
    );
    expect(arrange([{ ...silent, needs: ["peerChannel"] }], protocol())).toHaveLength(1);
  });

  it("does not hide uploads beside statistics that go in the clear", async () => {
    const open = { mode: "train", statistics: "shared" } as const;
    expect(() => arrange([masks], protocol(open))).toThrow("BatchNorm statistics would go in the clear");
    for (const fields of [
      { ...open, mode: "eval" },
      { ...open, statistics: "hidden" },
    ] as const) {
      expect(arrange([masks], protocol(fields))).toEqual([masks]);
    }
    await expect(play({ ...open, defenses: [masks] })).rejects.toThrow(UnsupportedDefenseError);
  });

  it.each<[Stage, boolean]>([
    ["masking", true],
    ["encoding", false],
    ["perturbation", false],
  ])("of stage %s hides uploads: %s, unless it says otherwise", (stage, hides) => {
    expect(hidesUploads(attached("x", {}, stage))).toBe(hides);
    expect(hidesUploads({ ...attached("x", {}, stage), hidesUploads: !hides })).toBe(!hides);
  });
});

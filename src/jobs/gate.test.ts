import { describe, expect, it } from "vitest";
import type { Backend } from "../engine/backends/backend.js";
import { closeGate, createGate, gatedBackend, inRuntime } from "./gate.js";

describe("gatedBackend", () => {
  it("shows when the runtime is entered and left, and lets nothing in once closed", async () => {
    const gate = createGate();
    const seen: boolean[] = [];
    let disposed = 0;
    const backend: Backend = {
      name: "fake",
      dtypes: ["float32"],
      load: async () => ({
        run: async () => {
          seen.push(inRuntime(gate));
          return { y: new Float32Array([1]) };
        },
        dispose: async () => {
          disposed++;
        },
      }),
    };
    const gated = gatedBackend(backend, gate, () => new Error("not wanted any more"));
    expect([gated.name, gated.dtypes]).toEqual(["fake", ["float32"]]);
    const session = await gated.load(new Uint8Array(), "float32");
    expect(inRuntime(gate)).toBe(false);
    expect(await session.run({})).toEqual({ y: new Float32Array([1]) });
    expect([seen, inRuntime(gate)]).toEqual([[true], false]);

    closeGate(gate);
    await expect(session.run({})).rejects.toThrow("not wanted any more");
    await expect(gated.load(new Uint8Array(), "float32")).rejects.toThrow("not wanted any more");
    expect([seen.length, inRuntime(gate)]).toEqual([1, false]);
    await session.dispose();
    expect(disposed).toBe(1);
  });

  it("is left when a call fails", async () => {
    const gate = createGate();
    const broken: Backend = { name: "broken", dtypes: ["float32"], load: () => Promise.reject(new Error("no kernel")) };
    await expect(gatedBackend(broken, gate, () => 0).load(new Uint8Array(), "float32")).rejects.toThrow("no kernel");
    expect(inRuntime(gate)).toBe(false);
  });
});

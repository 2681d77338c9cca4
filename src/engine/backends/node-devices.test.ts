import { describe, expect, it } from "vitest";
import { compile } from "../compile.js";
import { createGraph } from "../graph.js";
import { square } from "../ops/elementwise.js";
import { devices } from "./device-names.js";
import { backendNamed, backendOf, chooseDevice, DeviceError, fastestOf, obstacle } from "./node-devices.js";

describe("a device", () => {
  it("is found again by its backend's name, as a recipe keeps it", () => {
    for (const device of devices) expect(backendNamed(backendOf(device).name).name).toBe(backendOf(device).name);
    expect(new Set(devices.map((device) => backendOf(device).name)).size).toBe(devices.length);
    expect(() => backendNamed("node-tpu")).toThrow(DeviceError);
  });

  it("that computes in float32 alone leaves float64 to the processor, and its name says so", async () => {
    const y = square(createGraph().input("x", [1]));
    for (const device of ["webgpu", "cuda"] as const) {
      const backend = backendOf(device);
      expect(backend.name).toMatch(/^node-(webgpu|cuda), float64 on node-cpu$/);
      const program = await compile({ y }, { backend, dtype: "float64" });
      expect(await program.run({ x: Float64Array.of(1 / 3) })).toEqual({ y: Float64Array.of((1 / 3) * (1 / 3)) });
      await program.dispose();
    }
  });

  it("that cannot be used is an error that says why, and what else there is", async () => {
    const reason = await obstacle(backendOf("cuda"));
    if (reason === null) return void expect(await chooseDevice("cuda")).toMatchObject({ device: "cuda" });
    await expect(chooseDevice("cuda")).rejects.toThrow(DeviceError);
    await expect(chooseDevice("cuda")).rejects.toThrow(/cannot be used here: .*\nIt needs .*CUDA.*--device cpu/);
  });

  it("is a GPU by itself only where it beats the processor at small steps and at large products", () => {
    const speed = (step: number, product: number) => ({ step, product, product64: null, convolution: 1 });
    const cpu = { device: "cpu", speed: speed(1e-3, 100), reason: null } as const;
    const webgpu = (step: number, product: number) =>
      ({ device: "webgpu", speed: speed(step, product), reason: null }) as const;
    const absent = { device: "cuda", speed: null, reason: "no driver" } as const;
    expect(fastestOf([cpu, webgpu(5e-4, 900), absent]).device).toBe("webgpu");
    expect(fastestOf([cpu, webgpu(5e-4, 900), { ...webgpu(2e-4, 500), device: "cuda" }]).device).toBe("cuda");
    const slow = fastestOf([cpu, webgpu(2e-3, 900), absent]);
    expect(slow).toEqual({
      device: "cpu",
      why: "webgpu runs a small step at 0.50 and a large product at 9.0 times the processor's speed; cuda cannot be used",
    });
    expect(fastestOf([cpu, webgpu(5e-4, 2)]).device).toBe("cpu");
  });

  it("is the processor where nothing else is asked for", async () => {
    expect(await obstacle(backendOf("cpu"))).toBeNull();
    expect(await chooseDevice("cpu")).toEqual({ device: "cpu", why: "asked for" });
  });
});

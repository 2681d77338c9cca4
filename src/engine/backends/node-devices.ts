// The devices of this machine: which of them can be used, and which one `auto` stands for. That is decided by measurement, so that a GPU
// in software (SwiftShader, llvmpipe) is never taken: it is slower than the processor that it runs on.
import * as ort from "onnxruntime-node";
import { compile } from "../compile.js";
import { createGraph } from "../graph.js";
import { square } from "../ops/elementwise.js";
import type { Backend } from "./backend.js";
import { timeBackend } from "./backend-times.js";
import { type Device, type DeviceName, devices } from "./device-names.js";
import { nodeCpu } from "./node-cpu.js";
import { nodeCuda, nodeWebgpu } from "./node-gpu.js";

/** A device that was named cannot be used here; says why and what else there is. */
export class DeviceError extends Error {
  override name = "DeviceError";
}

/** What a device needs beside this package. */
const needs: Readonly<Record<Exclude<Device, "cpu">, string>> = {
  webgpu: "a graphics driver that WebGPU finds (Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows)",
  cuda: "Linux on x64 with the CUDA provider of onnxruntime-node (its install script with --onnxruntime-node-install=cuda12), CUDA 12 and cuDNN 9",
};

/**
 * The backend of a device. `threads` are those of the processor's kernels. GPUs compute in float32 alone: programs in float64 run on the processor,
 * as the backend's name says.
 */
export function backendOf(device: Device, threads?: number): Backend {
  const cpu = nodeCpu(threads === undefined ? {} : { threads });
  if (device === "cpu") return cpu;
  const gpu = device === "webgpu" ? nodeWebgpu() : nodeCuda();
  return {
    ...gpu,
    name: `${gpu.name}, float64 on ${cpu.name}`,
    dtypes: cpu.dtypes,
    load: (model, dtype) => (dtype === "float64" ? cpu : gpu).load(model, dtype),
  };
}

/** The backend that a recipe names. Throws DeviceError for one that is none of Node's. */
export function backendNamed(name: string, threads?: number): Backend {
  const found = devices.map((device) => backendOf(device, threads)).find((backend) => backend.name === name);
  if (!found) throw new DeviceError(`no backend is called "${name}"; those of Node are reached by --device ${devices}`);
  return found;
}

/** Why nothing can be computed there; null where it can. */
export async function obstacle(backend: Backend): Promise<string | null> {
  const y = square(createGraph().input("x", [1]));
  try {
    const program = await compile({ y }, { backend, dtype: "float32" });
    await program.run({ x: Float32Array.of(2) });
    await program.dispose();
    return null;
  } catch (error) {
    return (error as Error).message.split("\n")[0]!.replace(/: \/\S.* was false\./, ":");
  }
}

/** A device and, where a choice was made, why it is this one. */
export interface ChosenDevice {
  readonly device: Device;
  readonly why: string;
}

/** What `name` stands for on this machine; `auto` takes a second. Throws DeviceError for a device that cannot be used. */
export async function chooseDevice(name: DeviceName): Promise<ChosenDevice> {
  if (name === "cpu") return { device: name, why: "asked for" };
  // What a provider finds missing comes back as an error; its own messages are not for the user.
  ort.env.logLevel = "fatal";
  if (name !== "auto") {
    const reason = await obstacle(backendOf(name));
    if (reason === null) return { device: name, why: "asked for" };
    throw new DeviceError(
      `--device ${name} cannot be used here: ${reason}\nIt needs ${needs[name]}. \`leakscope doctor\` tells what this machine has; --device cpu works everywhere.`,
    );
  }
  const cpu = await timeBackend(backendOf("cpu"));
  const tried: string[] = [];
  for (const device of ["cuda", "webgpu"] as const) {
    if ((await obstacle(backendOf(device))) !== null) {
      tried.push(`${device} is not there`);
      continue;
    }
    const gpu = await timeBackend(backendOf(device));
    const factors = [cpu.step / gpu.step, cpu.product / gpu.product].map((factor) => factor.toPrecision(2));
    const told = `${device} runs a step of a small net at ${factors[0]} and a large product at ${factors[1]} times the processor's speed`;
    if (gpu.step < cpu.step && gpu.product < cpu.product) return { device, why: told };
    tried.push(told);
  }
  return { device: "cpu", why: tried.join("; ") };
}

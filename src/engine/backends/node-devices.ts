// The devices of this machine: which of them can be used, and which one `auto` stands for. That is decided by measurement, so that a GPU
// in software (SwiftShader, llvmpipe) is never taken: it is slower than the processor that it runs on.
import * as ort from "onnxruntime-node";
import { compile } from "../compile.js";
import { createGraph } from "../graph.js";
import { square } from "../ops/elementwise.js";
import type { Backend } from "./backend.js";
import { type BackendSpeed, speedOf } from "./backend-speed.js";
import { type Device, type DeviceName, devices } from "./device-names.js";
import { nodeCpu } from "./node-cpu.js";
import { nodeCuda, nodeWebgpu } from "./node-gpu.js";

/** A device that was named cannot be used here; says why and what else there is. */
export class DeviceError extends Error {
  override name = "DeviceError";
}

const gpus = { webgpu: nodeWebgpu, cuda: nodeCuda };

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
  const gpu = gpus[device]();
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

/** What `name` stands for on this machine; `auto` takes seconds. Throws DeviceError for a device that cannot be used. */
export async function chooseDevice(name: DeviceName): Promise<ChosenDevice> {
  if (name === "cpu") return { device: name, why: "asked for" };
  if (name === "auto") return fastestOf(await surveyDevices());
  quieten();
  const reason = await obstacle(backendOf(name));
  if (reason === null) return { device: name, why: "asked for" };
  throw new DeviceError(
    `--device ${name} cannot be used here: ${reason}\nIt needs ${needs[name]}. \`leakscope doctor\` tells what this machine has; --device cpu works everywhere.`,
  );
}

/** A device of this machine: how fast it is, or why it cannot be used. */
export type SurveyedDevice =
  | { readonly device: Device; readonly speed: BackendSpeed; readonly reason: null }
  | { readonly device: Device; readonly speed: null; readonly reason: string };

/** Tries and measures all devices, the processor first. */
export async function surveyDevices(): Promise<SurveyedDevice[]> {
  quieten();
  const surveyed: SurveyedDevice[] = [];
  for (const device of devices) {
    const backend = device === "cpu" ? nodeCpu() : gpus[device]();
    const reason = await obstacle(backend);
    surveyed.push(
      reason === null ? { device, speed: await speedOf(backend), reason } : { device, speed: null, reason },
    );
  }
  return surveyed;
}

/** What `auto` stands for: the GPU with the quickest small step that beats the processor at that and at a large product, else the processor. */
export function fastestOf(surveyed: readonly SurveyedDevice[]): ChosenDevice {
  const [cpu, ...others] = surveyed;
  if (!cpu?.speed) throw new DeviceError("the processor cannot compute; reinstall onnxruntime-node");
  const told: string[] = [];
  const faster: { device: Device; step: number; why: string }[] = [];
  for (const { device, speed } of others) {
    if (!speed) {
      told.push(`${device} cannot be used`);
      continue;
    }
    const [step, product] = [cpu.speed.step / speed.step, speed.product / cpu.speed.product];
    const why = `${device} runs a small step at ${step.toPrecision(2)} and a large product at ${product.toPrecision(2)} times the processor's speed`;
    told.push(why);
    if (step > 1 && product > 1) faster.push({ device, step: speed.step, why });
  }
  const [best] = faster.sort((a, b) => a.step - b.step);
  return best ? { device: best.device, why: best.why } : { device: "cpu", why: told.join("; ") };
}

/** What a provider finds missing comes back as an error; its own messages are not for the user. */
function quieten(): void {
  ort.env.logLevel = "fatal";
}

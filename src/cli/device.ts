// `--device` of the verbs that compute.
import { Option } from "commander";
import { type Device, type DeviceName, deviceNames } from "../engine/backends/device-names.js";
import { chooseDevice } from "../engine/backends/node-devices.js";
import { UsageError } from "./exit.js";

export interface DeviceOptions {
  readonly device?: DeviceName;
}

export const deviceOption = (): Option =>
  new Option(
    "--device <name>",
    "where to compute: cpu, a GPU by webgpu or cuda (float64 stays on the processor), or auto: what is measured to be fastest (default: cpu)",
  ).choices(deviceNames);

/** The device that `name` stands for here; tells what `auto` came to. Throws DeviceError for one that cannot be used. */
export async function findDevice(name: DeviceName = "cpu"): Promise<Device> {
  const { device, why } = await chooseDevice(name);
  if (name === "auto") process.stderr.write(`Device: ${device} (${why})\n`);
  return device;
}

/** Cases side by side: one per core, and one on a GPU, which computes one thing at a time. Throws UsageError for more there. */
export function workersOn(device: Device, workers: number | undefined): { readonly size?: number } {
  if (device === "cpu") return workers === undefined ? {} : { size: workers };
  if (workers !== undefined && workers > 1) {
    throw new UsageError(
      `--workers ${workers}: a GPU computes one case at a time; leave the option out, or use --device cpu`,
    );
  }
  return { size: 1 };
}

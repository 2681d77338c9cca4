// What `attack` on a simulated round and on a recorded update have in common.
import { writeFile } from "node:fs/promises";
import type { Attack } from "../attacks/define.js";
import type { Catalogue } from "../audit/catalogue.js";
import { suggestion } from "../audit/nearest.js";
import type { ThreatLetter } from "../threat/capabilities.js";
import type { DeviceOptions } from "./device.js";
import { UsageError } from "./exit.js";
import type { LabelChoice } from "./model-options.js";

/** What both kinds of `attack` are told. */
export interface AttackOptions extends DeviceOptions {
  readonly threat?: ThreatLetter;
  readonly model?: string;
  readonly global?: string;
  readonly batchSize?: number;
  readonly labels?: LabelChoice;
  readonly defense?: string;
  readonly option: readonly string[];
  readonly adaptive?: true;
  readonly seed: number;
  readonly budget?: number;
  readonly output: string;
  readonly json?: true;
  readonly color: boolean;
}

/** Which option of the command line a field of the configuration came from. */
export const flags: Readonly<Record<string, string>> = {
  model: "--model",
  data: "--data",
  federation: "--batch-size",
  attacks: "--option",
  defenses: "--defense",
};

/** The attack of that id. Throws UsageError with the nearest word. */
export function findAttack(id: string, { attacks }: Catalogue): Attack {
  const attack = attacks.get(id);
  if (!attack) throw new UsageError(`unknown attack "${id}"; ${suggestion(id, [...attacks.keys()])}`);
  return attack;
}

/** Writes a PNG data URI as a file. */
export const writePicture = (file: string, uri: string): Promise<void> =>
  writeFile(file, Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64"));

// From a case's plain data to the real thing: data set, records, model, weights, surrogate pictures and the batches of the client.
import { type Batch, type Dataset, readBatch } from "../data/dataset.js";
import { nearDuplicateOf } from "../data/near-duplicate.js";
import { keepsRecord, shiftPictures } from "../data/shift.js";
import type { Random } from "../math/random.js";
import type { Model, Weights } from "../models/define.js";
import type { Normalization } from "../threat/observation.js";
import type { CaseSpec } from "./case.js";
import type { Config } from "./config.js";
import { openAlike, openFitting } from "./fit-data.js";
import { weightsOf } from "./open-model.js";
import { dealRecords, recordsPerFederation } from "./protocol.js";

/** Why `total` records do not cut into federations of `size`, with the remedy; null when they do. */
function unevenRecords(
  { clients, samples, batchSize }: SettingSpec["federation"],
  total: number,
  size: number,
): string | null {
  if (total % size === 0) return null;
  const share = samples === undefined ? `batches of ${batchSize}` : `federations of ${clients} x ${samples} records`;
  const field = samples === undefined ? "federation.batchSize" : "federation.samples";
  return `${total} image(s) do not cut into ${share}; change data.records or ${field}`;
}

/** Why the records of a configuration do not cut into its federations; null when they do. */
export function unevenIn({
  data,
  federation,
  updates,
}: Pick<Config, "data" | "federation" | "updates">): string | null {
  if (updates !== undefined) return null;
  const total = typeof data.records === "number" ? data.records : data.records.length;
  return unevenRecords(federation, total, recordsPerFederation(federation, total));
}

/** The clients' side of a setting. */
export interface ClientSetting {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly weights: Weights;
  readonly normalization: Normalization | null;
  /** The records of every client, by federation. */
  readonly federations: readonly (readonly (readonly number[])[])[];
  /** What the user should know about the model's files. */
  readonly notes: readonly string[];
}

export interface Setting extends ClientSetting {
  /** Pictures that the adversary may own, in pixels; never a record under attack. */
  readonly surrogate: Batch;
}

/** Record indices from a list or a count. Throws RangeError when the data set is too small. */
export function resolveRecords(records: number | readonly number[], dataset: Dataset): number[] {
  const list = typeof records === "number" ? Array.from({ length: records }, (_, i) => i) : [...records];
  const outside = list.find((record) => record >= dataset.length);
  if (outside !== undefined) {
    throw new RangeError(
      `data.records asks for record ${outside}, but ${dataset.id} has records 0 to ${dataset.length - 1}`,
    );
  }
  return list;
}

const STATISTICS_RECORDS = 1000;

/** Mean and deviation per channel of the first records, as a federation would fix them beforehand. */
export function measureNormalization(dataset: Dataset): Normalization {
  const [channels, height, width] = dataset.shape;
  const count = Math.min(dataset.length, STATISTICS_RECORDS);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let record = 0; record < count; record++) {
    dataset.pixels(record).forEach((byte, i) => {
      const channel = Math.floor(i / (height * width));
      sums[channel]! += byte / 255;
      squares[channel]! += (byte / 255) ** 2;
    });
  }
  const total = count * height * width;
  const mean = Array.from(sums, (sum) => sum / total);
  const deviation = mean.map((m, channel) => Math.sqrt(Math.max(squares[channel]! / total - m * m, 1e-12)));
  return { mean, deviation };
}

/** What of a case, or of a configuration, the setting is made of. */
export type SettingSpec = Pick<CaseSpec, "model" | "data" | "surrogate" | "federation"> & {
  readonly updates?: string | undefined;
};

/** Everything; throws as `openClients`, and RangeError for surrogate pictures that cannot be used. */
export async function openSetting(spec: SettingSpec, random: Random): Promise<Setting> {
  const setting = await openClients(spec, random);
  return { ...setting, surrogate: await openSurrogate(spec, setting.dataset, setting.federations.flat(2), random) };
}

/** What the federation is played on. Throws the errors of fit-data.ts and open-model.ts, and RangeError for records that do not fit. */
export async function openClients(spec: SettingSpec, random: Random): Promise<ClientSetting> {
  const { records, normalization, ...source } = spec.data;
  const { opened, dataset } = await openFitting(spec.model, source);
  const chosen = resolveRecords(records, dataset);
  // Captured updates say themselves which records they were made of.
  const size =
    spec.updates === undefined ? recordsPerFederation(spec.federation, chosen.length) : Math.max(chosen.length, 1);
  const uneven = unevenRecords(spec.federation, chosen.length, size);
  if (uneven) throw new RangeError(uneven);
  const groups = Array.from({ length: chosen.length / size }, (_, i) => chosen.slice(i * size, (i + 1) * size));
  const dealt = (records: readonly number[], i: number) =>
    dealRecords(spec.federation, records, dataset, random.split("partition", i));
  const { weights, notes } = weightsOf(opened, spec.model.weights, random.split("model"));
  return {
    dataset,
    model: opened.model,
    weights,
    notes: [...opened.warnings, ...notes],
    normalization: normalization === "dataset" ? measureNormalization(dataset) : null,
    federations: spec.updates === undefined ? groups.map(dealt) : groups.map((records) => [records]),
  };
}

/** Surrogate pictures: of another source, or other records of the same one. */
async function openSurrogate(
  spec: SettingSpec,
  victim: Dataset,
  victims: readonly number[],
  random: Random,
): Promise<Batch> {
  const { records, source, shift, generator: _, ...options } = spec.surrogate;
  const other = source === undefined ? victim : await openAlike(victim, { source, ...options });
  if (other.shape.join() !== victim.shape.join()) {
    throw new RangeError(
      `surrogate pictures are ${other.shape.join("x")}, the client's are ${victim.shape.join("x")}; set surrogate.size`,
    );
  }
  // By content: the same picture may come under another record number, path or spelling of the source, or as a JPEG copy.
  const copies = nearDuplicateOf(
    victims.map((record) => victim.pixels(record)),
    victim.shape,
  );
  const isVictim = (record: number) => copies(other.pixels(record));
  const victimClasses = new Set(victims.map((record) => victim.classes[victim.label(record)]!));
  const keeps = keepsRecord(shift, victimClasses, random.split("shift"));
  const fits = (record: number) => keeps(other, record) && !isVictim(record);
  const list =
    typeof records === "number" ? firstRecords(other, records, fits) : records.filter((record) => keeps(other, record));
  const shared = typeof records === "number" ? undefined : list.find(isVictim);
  if (shared !== undefined) {
    throw new RangeError(`surrogate record ${shared} is one of the records under attack, or nearly the same picture`);
  }
  if (list.length === 0) throw new RangeError("no record is left for the surrogate set: name another surrogate.source");
  return shiftPictures(readBatch(other, list), shift, random.split("shift"));
}

/** The first `count` records that fit, fewer where there are no more. */
function firstRecords({ length }: Dataset, count: number, fits: (record: number) => boolean): number[] {
  const found: number[] = [];
  for (let record = 0; record < length && found.length < count; record++) if (fits(record)) found.push(record);
  return found;
}

// A round that was played elsewhere, as the door to attacks (threat/observe.ts) takes it; and the rounds of a capture.
import type { Batch } from "../data/dataset.js";
import type { ClientId, Payload, Update } from "../federated/hooks.js";
import type { RoundRecord } from "../federated/round.js";
import { plainBytes } from "../federated/update.js";
import { tensor } from "../math/tensor.js";
import type { Model } from "../models/define.js";
import type { Normalization, TrainingDetails } from "../threat/observation.js";
import { bringTensors } from "./bring-tensors.js";
import { type CapturedUpload, CaptureError, capturedDetails, readCapture, uploadsOf } from "./captured.js";

/** The only client of a recorded round. */
const RECORDED: ClientId = 0;

/** Client 0 answered `payload` with `update`. Its data are not known here: the record's batch is empty. */
export function recordedRound(payload: Payload, update: Update, samples: number, round = 0): RoundRecord {
  const batch: Batch = { inputs: tensor([0, ...payload.model.inputShape], new Float64Array(0)), labels: [] };
  const exchange = {
    payload,
    batch,
    message: { client: RECORDED, update, bytes: plainBytes(update) },
    loss: 0,
    samples,
    statistics: new Map(),
    arrived: true,
    sybil: false,
    repeats: [],
  };
  return {
    round,
    cohort: [RECORDED],
    clients: new Map([[RECORDED, exchange]]),
    dropouts: [],
    refusals: new Map(),
    hiddenBy: null,
    aggregate: update,
    released: payload.weights,
    receipts: [],
  };
}

/** One client of a capture, in one round or in all that it took part in. */
export interface Recording {
  readonly client: ClientId;
  readonly rounds: readonly RoundRecord[];
  /** Of the data, on which the client trained; for scoring only. */
  readonly records: readonly number[];
  /** Images behind the update of its first round. */
  readonly images: number;
  readonly details: TrainingDetails;
}

export interface Recordings {
  readonly normalization: Normalization | null;
  readonly all: readonly Recording[];
}

/** The updates of a capture, in order, on `model`. Throws CaptureError, or WeightsError for a damaged file. */
export async function openRecordings(folder: string, model: Model, spans: "one" | "several"): Promise<Recordings> {
  const capture = await readCapture(folder);
  const { inputShape, classes } = capture.model;
  if (inputShape.join() !== model.inputShape.join() || classes !== model.classes) {
    throw new CaptureError(
      `${folder}: captured from a model of ${inputShape.join("x")} and ${classes} classes, the configuration gives ` +
        `${model.inputShape.join("x")} and ${model.classes}; use the configuration that lies in the capture`,
    );
  }
  const target = { model, transposed: new Set<string>() };
  const recorded = (upload: CapturedUpload): RoundRecord => {
    const payload = { model, weights: bringTensors(target, upload.globalPath).tensors };
    const { tensors } = bringTensors(target, upload.path);
    const update = new Map(model.parameters.map(({ name }) => [name, tensors.get(name)!]));
    return recordedRound(payload, update, upload.samples, upload.round);
  };
  const uploads = uploadsOf(capture, folder);
  const groups =
    spans === "one"
      ? uploads.map((upload) => [upload])
      : [...new Set(uploads.map(({ client }) => client))].map((id) => uploads.filter(({ client }) => client === id));
  if (groups.length === 0) throw new CaptureError(`${folder}: the capture holds no update; capture a federation again`);
  const all = groups.map((group) => ({
    client: RECORDED,
    rounds: group.map(recorded),
    records: [...new Set(group.flatMap(({ records }) => records))],
    images: group[0]!.records.length,
    details: capturedDetails(capture, group[0]!),
  }));
  return { normalization: capture.normalization, all };
}

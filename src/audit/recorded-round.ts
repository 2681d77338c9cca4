// A round that was played elsewhere, as the door to attacks (threat/observe.ts) takes it; and the rounds of a capture.
import type { Batch } from "../data/dataset.js";
import type { Payload, Update } from "../federated/hooks.js";
import type { RoundRecord } from "../federated/round.js";
import { plainBytes } from "../federated/update.js";
import { tensor } from "../math/tensor.js";
import type { Model } from "../models/define.js";
import type { Normalization, TrainingDetails } from "../threat/observation.js";
import { bringTensors } from "./bring-tensors.js";
import { CaptureError, capturedDetails, readCapture, uploadsOf } from "./captured.js";

/** Client 0 answered `payload` with `update`. Its data are not known here: the record's batch is empty. */
export function recordedRound(payload: Payload, update: Update, samples: number, round = 0): RoundRecord {
  const batch: Batch = { inputs: tensor([0, ...payload.model.inputShape], new Float64Array(0)), labels: [] };
  const exchange = {
    payload,
    batch,
    message: { client: 0, update, bytes: plainBytes(update) },
    loss: 0,
    samples,
    statistics: new Map(),
    arrived: true,
    sybil: false,
    repeats: [],
  };
  return {
    round,
    cohort: [0],
    clients: new Map([[0, exchange]]),
    dropouts: [],
    refusals: new Map(),
    hiddenBy: null,
    aggregate: update,
    released: payload.weights,
    receipts: [],
  };
}

export interface Recording {
  readonly record: RoundRecord;
  /** Of the data, on which the client trained; for scoring only. */
  readonly records: readonly number[];
  readonly details: TrainingDetails;
}

export interface Recordings {
  readonly normalization: Normalization | null;
  readonly all: readonly Recording[];
}

/** The updates of a capture, in order, on `model`. Throws CaptureError, or WeightsError for a damaged file. */
export async function openRecordings(folder: string, model: Model): Promise<Recordings> {
  const capture = await readCapture(folder);
  const { inputShape, classes } = capture.model;
  if (inputShape.join() !== model.inputShape.join() || classes !== model.classes) {
    throw new CaptureError(
      `${folder}: captured from a model of ${inputShape.join("x")} and ${classes} classes, the configuration gives ` +
        `${model.inputShape.join("x")} and ${model.classes}; use the configuration that lies in the capture`,
    );
  }
  const target = { model, transposed: new Set<string>() };
  const all = uploadsOf(capture, folder).map((upload) => {
    const payload = { model, weights: bringTensors(target, upload.globalPath).tensors };
    const { tensors } = bringTensors(target, upload.path);
    const update = new Map(model.parameters.map(({ name }) => [name, tensors.get(name)!]));
    return {
      record: recordedRound(payload, update, upload.samples, upload.round),
      records: upload.records,
      details: capturedDetails(capture, upload),
    };
  });
  if (all.length === 0) throw new CaptureError(`${folder}: the capture holds no update; capture a federation again`);
  return { normalization: capture.normalization, all };
}

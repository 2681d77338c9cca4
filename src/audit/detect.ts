// Whether a client could have noticed: every detector on the models that the server sent in place of the honest one, and on the honest one.
import type { Batch } from "../data/dataset.js";
import { readRows } from "../data/dataset.js";
import type { Inspection } from "../defenses/detection/define.js";
import { gatherEvidence } from "../defenses/detection/evidence.js";
import { detectors, inspectPayload } from "../defenses/detection/inspect.js";
import type { Backend } from "../engine/backends/backend.js";
import type { Payload } from "../federated/hooks.js";
import type { RoundRecord } from "../federated/round.js";
import type { Random } from "../math/random.js";
import type { DetectionJson } from "./audit-json.js";

interface Look {
  readonly honest: Payload;
  /** Of everybody who was attacked. */
  readonly rounds: readonly RoundRecord[];
  readonly backend: Backend;
  readonly random: Random;
}

/** Of the client's own batch; each costs four gradients per payload. */
const SAMPLES = 4;
/** Different payloads that are looked at, spread over all that were sent. */
const PAYLOADS = 6;

/** What detectors see with the first samples of the client's batch at hand. The architecture counts as agreed: what is sent is what was announced. */
export async function detect({ honest, rounds, backend, random }: Look): Promise<DetectionJson> {
  const exchanges = rounds
    .flatMap(({ clients }) => [...clients.values()])
    .filter(({ sybil }) => !sybil)
    .flatMap((client) => [client, ...client.repeats]);
  const own = exchanges[0]?.batch;
  const sent = new Map(exchanges.map(({ payload }) => [payload.weights, payload]));
  sent.delete(honest.weights);
  const looked = spread([...sent.values()], PAYLOADS);
  const samples = Math.min(SAMPLES, own?.labels.length ?? 0);
  if (!own || looked.length === 0) return { samples, payloads: 0, detected: false, detectors: [] };
  const batch = readRows(
    own,
    Array.from({ length: samples }, (_, row) => row),
  );
  const inspect = async (payload: Payload) => inspectWithBatch(payload, batch, backend, random.split("fresh"));
  const plain = await inspect(honest);
  const armed: (readonly Inspection[])[] = [];
  for (const payload of looked) armed.push(await inspect(payload));
  const found = detectors.map(({ id, title, action, criteria }, i) => {
    const gravest = armed.map((all) => all[i]!).reduce((top, each) => (beyond(each) > beyond(top) ? each : top));
    const { criterion, score, threshold, flagged, report } = gravest;
    const same = plain[i]!.readings.filter((reading) => reading.criterion === criterion);
    const honestly = same.reduce<Reading | null>(
      (top, each) => (top && beyond(top) >= beyond(each) ? top : each),
      null,
    );
    return {
      ...{ detector: id, title, action, criterion, score, threshold, report },
      flags: criterion === null ? null : criteria[criterion]!.flags,
      alarm: flagged,
      beyond: criterion === null ? null : beyond(gravest),
      honest: honestly
        ? { score: honestly.score, alarm: honestly.flagged, beyond: beyond(honestly) }
        : { score: null, alarm: false, beyond: null },
    };
  });
  return {
    samples,
    payloads: looked.length,
    detected: found.some(({ alarm, honest: { alarm: also } }) => alarm && !also),
    detectors: found,
  };
}

type Reading = Inspection["readings"][number];

async function inspectWithBatch(payload: Payload, batch: Batch, backend: Backend, random: Random) {
  const local = await gatherEvidence({ payload, batch, backend, random });
  return inspectPayload(payload, { local }).inspections;
}

/** Distance from the threshold, -1 to 1, above 0 is an alarm; below -1 where nothing was measured. */
function beyond({ score, threshold, flagged }: Pick<Inspection, "score" | "threshold" | "flagged">): number {
  if (score === null || threshold === null) return -2;
  const size = Math.abs(score) + Math.abs(threshold);
  const distance = size === 0 ? 1 : Math.abs(score - threshold) / size;
  return flagged ? distance : -distance;
}

/** At most `count` of them, the first and the last among them. */
function spread<Each>(all: readonly Each[], count: number): readonly Each[] {
  if (all.length <= count) return all;
  return Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / (count - 1))]!);
}

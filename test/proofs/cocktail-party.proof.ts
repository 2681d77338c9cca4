// Cocktail party (spec/attacks-optimization.md 2.8): N7, batch 16, 3,000 steps. Correlations with the true images, with and without total
// variation, with fewer neurons than images, and of the sum of four clients, which is all that secure aggregation shows. On the photo patches,
// many of which are bare sky or bare space, figures are reported without a bar: the specification's are for CIFAR-10.
import { describe, expect, it } from "vitest";
import attack from "../../src/attacks/optimization/basic/cocktail-party.js";
import { type Batch, readBatch } from "../../src/data/dataset.js";
import { openDataset } from "../../src/data/open.js";
import type { Payload } from "../../src/federated/hooks.js";
import { plainProtocol } from "../../src/federated/protocol.js";
import { runRound } from "../../src/federated/round.js";
import { createTrainer } from "../../src/federated/training.js";
import { assign } from "../../src/math/assignment.js";
import { createRandom } from "../../src/math/random.js";
import { type FloatArray, type Tensor, tensor } from "../../src/math/tensor.js";
import { chain, linear, reluLayer } from "../../src/models/layers.js";
import type { ObservedRound } from "../../src/threat/observation.js";
import { viewRounds } from "../../src/threat/view.js";
import { attached } from "../small-federation.js";
import { attackContext, backend, freshPayload, knowledge, observation, observed, playRound } from "../small-round.js";
import { note, pictures } from "./prove.js";

const [SIZE, CLIENTS, SEEDS, NARROW] = [16, 4, 3, 12];
const options = { iterations: 3000, learningRate: 5e-3 };

const sets = [
  ...pictures.map((each) => ({ ...each, barred: true })),
  { name: "photo patches", missing: false, data: { source: "photos" }, barred: false },
];

const masks = attached("masks", { beforeUpload: (message) => ({ ...message }) }, "masking");

/** `batch` dealt out to clients whose uploads nobody sees one by one. */
async function aggregate(payload: Payload, { inputs, labels }: Batch): Promise<ObservedRound> {
  const share = SIZE / CLIENTS;
  const pixels = inputs.data.length / SIZE;
  const clients = Array.from({ length: CLIENTS }, (_, id) => ({
    id,
    data: {
      inputs: tensor(
        [share, ...inputs.shape.slice(1)],
        inputs.data.slice(id * share * pixels, (id + 1) * share * pixels),
      ),
      labels: labels.slice(id * share, (id + 1) * share),
    },
  }));
  const trainer = createTrainer(backend, "float32");
  try {
    const protocol = {
      ...plainProtocol,
      algorithm: { kind: "FedSGD", batchSize: share } as const,
      defenses: [masks],
    };
    const record = await runRound({ round: 0, clients, protocol, global: payload, trainer, random: createRandom(1) });
    const [seen] = viewRounds({ records: [record], client: 0 });
    expect(seen!.observed.view.kind).toBe("aggregate");
    return seen!.observed;
  } finally {
    await trainer.dispose();
  }
}

/** Absolute correlation of each true image with the reconstruction that it is paired with; 0 for images that got none. */
function correlations(found: Tensor, truth: Tensor): number[] {
  const size = truth.data.length / SIZE;
  const rows = ({ data }: Tensor) =>
    Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size));
  const likeness = rows(truth).map((own) => rows(found).map((other) => Math.abs(correlation(own, other))));
  const cost = Float64Array.from(likeness.flat(), (value) => -value);
  const { columnOfRow } = assign(cost, SIZE, likeness[0]!.length);
  return likeness.map((row, i) => row[columnOfRow[i]!] ?? 0);
}

function correlation(a: FloatArray, b: FloatArray): number {
  let [sa, sb, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    sa += a[i]!;
    sb += b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
    ab += a[i]! * b[i]!;
  }
  const n = a.length;
  return (ab - (sa * sb) / n) / Math.sqrt((aa - sa ** 2 / n) * (bb - sb ** 2 / n));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const { name, missing, data, barred } of sets) {
  describe.skipIf(missing)(`cocktail-party on ${name}`, () => {
    it(`mlp, batch ${SIZE}, ${SEEDS} seeds`, async () => {
      const started = performance.now();
      const dataset = await openDataset(data);
      const arms = { whole: [], withoutTv: [], sum: [], narrow: [] } as Record<string, number[][]>;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = createRandom(seed);
        const net = (neurons: number) => {
          const model = chain("mlp", dataset.shape, dataset.classes.length, [linear("fc1", neurons), reluLayer], {
            name: "fc2",
          });
          return freshPayload(model, random.split("net"));
        };
        const batch = readBatch(
          dataset,
          Array.from({ length: SIZE }, (_, i) => (seed - 1) * SIZE + i),
        );
        const run = async (round: ObservedRound, extra: Readonly<Record<string, unknown>> = {}) => {
          const seen = observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(SIZE) });
          const chosen = attack.options.parse({ ...options, ...extra });
          const input = { observation: seen, prepared: undefined, secret: undefined };
          return correlations((await attack.run(input, chosen, attackContext(seed))).inputs, batch.inputs);
        };
        const payload = net(256);
        const alone = observed(await playRound({ payload, batch }));
        arms.whole!.push(await run(alone));
        arms.withoutTv!.push(await run(alone, { tv: 0 }));
        arms.sum!.push(await run(await aggregate(payload, batch)));
        arms.narrow!.push(await run(observed(await playRound({ payload: net(NARROW), batch }))));
      }
      const seconds = (performance.now() - started) / 1000;
      const all = (arm: string) => arms[arm]!.flat();
      const share = all("whole").filter((value) => value >= 0.9).length / all("whole").length;
      const gain = mean(all("whole")) - mean(all("withoutTv"));
      const apart = arms.whole!.map((own, i) => Math.abs(mean(own) - mean(arms.sum![i]!)));
      const loss = mean(all("whole")) - mean(all("narrow"));
      const setting = `${attack.id}: mlp, batch ${SIZE}, ${SEEDS} seeds`;
      const lines = [
        {
          proof: `${setting}, absolute correlation`,
          measured: all("whole"),
          summary: `mean ${mean(all("whole")).toFixed(3)}`,
          bar: "mean at least 0.75",
          held: mean(all("whole")) >= 0.75,
        },
        {
          proof: `${setting}, share of images of absolute correlation 0.9`,
          measured: [share],
          summary: `${Math.round(100 * share)} %`,
          bar: "at least 40 %",
          held: share >= 0.4,
        },
        {
          proof: `${setting}, absolute correlation without total variation`,
          measured: all("withoutTv"),
          summary: `mean ${gain.toFixed(3)} lower`,
          bar: "mean at least 0.25 lower",
          held: gain >= 0.25,
        },
        {
          proof: `${setting}, absolute correlation from the sum of ${CLIENTS} clients`,
          measured: all("sum"),
          summary: `mean ${mean(all("sum")).toFixed(3)}, by seed off by ${apart.map((v) => v.toFixed(3)).join(", ")}`,
          bar: "mean at least 0.75, that of each seed within 0.05 of one client's",
          held: mean(all("sum")) >= 0.75 && Math.max(...apart) <= 0.05,
        },
        {
          proof: `${setting}, absolute correlation with ${NARROW} neurons`,
          measured: all("narrow"),
          summary: `mean ${loss.toFixed(3)} lower`,
          bar: "mean at least 0.1 lower",
          held: loss >= 0.1,
        },
      ];
      for (const { bar, held, ...line } of lines) {
        const judged = barred ? { bar, held } : { bar: null, held: null };
        expect.soft(note({ ...line, ...judged, unit: "", pictures: name, seconds })).toBe(true);
      }
    });
  });
}

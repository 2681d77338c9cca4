// The page of the surrogate shift as Markdown, from docs/surrogate-shift.json (scripts/surrogate-shift.js measured it).
import { code, generated, page, section, settings, table } from "./markdown.js";
import { summaryOf } from "./shift-chart.js";

const decibels = (value) => value.toFixed(1);
const signed = (value) => `${value < 0 ? "" : "+"}${decibels(value)}`;
const names = { photos: "patches of the committed photographs", cifar10: "the CIFAR-10 sample" };

/** Differences of the same pictures under the same weights. */
function difference(point, unshifted) {
  const [shifted, plain] = [summaryOf(point, "psnr"), summaryOf(unshifted, "psnr")];
  const perSeed = shifted.perSeed.map((value, i) => signed(value - plain.perSeed[i]));
  return `${signed(shifted.mean - plain.mean)} (${perSeed.join(" ")})`;
}

function rowOf(point, unshifted) {
  const [psnr, floor] = [summaryOf(point, "psnr"), summaryOf(point, "floor")];
  return [
    ...[point.kind === "other source" ? `other source: ${point.source}` : point.kind, point.severity],
    ...[decibels(psnr.mean), psnr.perSeed.map(decibels).join(" "), decibels(floor.mean)],
    ...[signed(psnr.mean - floor.mean), point === unshifted ? "" : difference(point, unshifted)],
  ];
}

const head = ["shift", "severity", "PSNR", "per seed", "floor", "above the floor", "against no shift (per seed)"];

/** What was measured at the far ends, in words made of the figures. */
function reading(points) {
  const unshifted = summaryOf(
    points.find(({ kind }) => kind === "none"),
    "psnr",
  ).mean;
  const ends = points
    .filter(({ kind, severity }) => kind !== "none" && severity === 1)
    .map((point) => `${point.kind} ${signed(summaryOf(point, "psnr").mean - unshifted)} dB`);
  return `Without a shift ${decibels(unshifted)} dB on average; at severity 1: ${ends.join(", ")}.`;
}

/** The whole page. */
export function shiftPage({ attack, model, batchSize, labels, picturesPerSeed, device, points }) {
  const sets = [...new Set(points.map(({ data }) => data))];
  const seeds = points[0].seeds.map(({ seed }) => seed);
  const n = picturesPerSeed * seeds.length;
  const days = [...new Set(points.map(({ date }) => date))];
  const seconds = points.reduce((sum, point) => sum + point.seconds, 0);
  return page(
    generated("docs/surrogate-shift.json"),
    "# How alike must surrogate pictures be?",
    `Attacks that learn from surrogate pictures beforehand are said to stand and fall with how alike those are to the client's. The curve asks one of
them, [${code(attack.id)}](attacks/${attack.id}.md), with few steps of training (${settings(attack.options)}): its decoder learns on surrogate pictures
that are shifted by a severity, and then paints the client's pictures from an update. All figures are *measured* here.`,
    "![PSNR over the severity of the shift, with the floor](surrogate-shift.svg)",
    `Each point is the mean over n = ${n} pictures: ${picturesPerSeed} for each of the seeds ${seeds.join(", ")}, all of one class, another class for each seed. Thin lines
go from the lowest to the highest mean of a seed; they differ in pictures and weights. What a shift does is told by the last column: the same pictures and
weights with and without it. Dashed: the **floor**, the best of three guesses without any update, made of the same shifted surrogate pictures. What
lies on the floor was not recovered from the update.`,
    section(
      "What is shifted",
      table(
        ["shift", "what severity 1 means"],
        [
          [
            "corruption",
            "contrast 40 % less, a box blur of 5 by 5, noise of deviation 0.15, JPEG blocks of about quality 50; every part grows with the severity",
          ],
          ["style", "no colour, four tones"],
          ["classes", "no picture of the classes under attack; at 0.5 half of them"],
          ["other source", "drawn portraits in place of photographs"],
        ],
      ),
      `${"`surrogate: { shift: { kind, severity } }`"} in an audit's configuration sets the same. The number of surrogate pictures is the same at every point; none is a record
under attack or nearly one.`,
    ),
    ...sets.map((data) => {
      const own = points.filter((point) => point.data === data);
      const unshifted = own.find(({ kind }) => kind === "none");
      return section(
        `On ${names[data] ?? data}`,
        `${own[0].surrogates} surrogate pictures. ${reading(own)}`,
        table(
          head,
          own.map((point) => rowOf(point, unshifted)),
        ),
      );
    }),
    section(
      "Recipe",
      `${code(model.name)} with ${model.classes} outputs, fresh weights; FedSGD, batch ${batchSize}, no defense, adversary D; labels ${labels}. PSNR in dB, unit range, per picture. ${device}, ${days.join(", ")}, ${seconds} s of wall clock, one thread.`,
      "    npm run build && node scripts/surrogate-shift.js --cifar10 data_batch_1.bin && npm run features",
      `Points that docs/surrogate-shift.json holds are kept; without the file, all are measured. One attack, one net and ${n} pictures a point: the order of the shifts may differ
for others, and whether a decoder that is trained for longer leans more on its pictures was not measured.`,
    ),
  );
}

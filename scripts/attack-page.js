// The page of an attack as Markdown, from its definition and from what its proofs measured (docs/evidence.json).
import { reference } from "../dist/attacks/define.js";
import { describeBar } from "../dist/audit/proof.js";
import { optionRows } from "../dist/cli/explain.js";
import { capabilities, threatModels, weakestThreat } from "../dist/threat/capabilities.js";

const row = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
export const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
export const code = (text) => `\`${text}\``;
const listed = (values) => values.map(code).join(", ");
const value = (held) => (typeof held === "object" ? JSON.stringify(held) : String(held));
/** `iterations` 150, `tv` 0.01 */
const settings = (entries = {}) =>
  Object.entries(entries)
    .map(([name, held]) => `${code(name)} ${value(held)}`)
    .join(", ");
const filled = (parts) => parts.filter((part) => part !== "" && part !== undefined);
const section = (heading, ...parts) => [`## ${heading}`, ...filled(parts)].join("\n\n");

const marks = ({ bars }) => [...new Set(bars.map((bar) => bar.evidence))];
export const marksOf = ({ proofs }) => [...new Set(proofs.flatMap(marks))];
/** Rows of evidence about a bar, one for each data set. */
export const measuredOf = (evidence, attack, proof, bar) =>
  evidence.filter((row) => row.attack === attack.id && row.proof === proof.id && row.bar === describeBar(bar));

/** What a figure counts for, in words: an estimate is never to be taken for a published figure. */
const meaning = {
  published: "stands in the paper",
  "read in code": "was read off the authors' code",
  measured: "is ours, measured at this scale",
  derived: "follows from theory",
  estimated: "is an expectation that nobody has published",
  reconstructed: "belongs to a method of which the paper leaves parts open: they were filled in",
};

const caseText = ({ model, classes, batchSize, federation, labels, records, from, surrogate, data }) =>
  filled([
    `${code(model)}${classes === undefined ? "" : ` with ${classes} outputs`}`,
    `batch ${batchSize}`,
    settings(federation),
    labels === "known" ? "labels known to the attacker ◦" : "labels recovered",
    records === undefined ? "" : `${records} records a seed`,
    from === undefined ? "" : `from record ${from} on`,
    surrogate === undefined ? "" : `surrogate pictures: ${settings(surrogate)}`,
    data === undefined ? "" : `data unless named: ${settings(data)}`,
  ]).join("; ");

const linked = (id, from) => (id === from ? "" : `instead, [${code(id)}](${id}.md)`);

const armText = ({ options, attack, setting, defense, adaptive }, own) =>
  filled([
    attack ? [linked(attack.id, own.id), settings(attack.options)].filter(Boolean).join(" with ") : settings(options),
    setting ? `setting: ${settings(setting)}` : "",
    defense
      ? `under ${code(defense.id)}${defense.options ? ` (${settings(defense.options)})` : ""}${adaptive ? ", which it knows" : ""}`
      : "",
  ]).join("; ") || "as it is";

function barRows(evidence, attack, proof, bars) {
  return bars.flatMap((bar) => {
    const head = [describeBar(bar), bar.evidence];
    const rows = measuredOf(evidence, attack, proof, bar);
    if (rows.length === 0) return [[...head, "", "not measured yet", "", "", "", ""]];
    return rows.map(({ data, measured, floor, perSeed, verdict, seconds, date }) => [
      ...[...head, data, `${measured}${floor === null ? "" : ` (${floor})`}`, perSeed.join(" ")],
      ...[verdict, `${seconds} s`, date],
    ]);
  });
}
const barHead = ["bar", "bar from", "data", "measured (floor)", "per seed", "verdict", "all cases", "date"];

const proofText = (evidence, attack, proof) =>
  filled([
    `### ${proof.id}${proof.quick ? " (quick)" : ""}`,
    `**${proof.claim}.**`,
    `Case: ${caseText(proof.setting)}. ${proof.seeds} seeds.`,
    Object.entries(proof.arms)
      .map(([name, arm]) => `- ${code(name)}: ${armText(arm, attack)}`)
      .join("\n"),
    proof.bars.length === 0 ? "No bar." : table(barHead, barRows(evidence, attack, proof, proof.bars)),
  ]).join("\n\n");

const same = (a, b) => JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});

/** Arms that differ from the one beside them in options alone: a part of the method is switched off or changed. */
function ablations(evidence, attack, proof) {
  const [first] = Object.keys(proof.arms);
  const whole = proof.arms.attack ? "attack" : first;
  const base = proof.arms[whole];
  const changes = (options = {}) =>
    Object.fromEntries(
      Object.keys({ ...options, ...base.options })
        .filter((name) => !same(options[name], base.options?.[name]))
        .map((name) => [name, options[name] ?? attack.options.shape[name].parse(undefined)]),
    );
  return Object.entries(proof.arms)
    .filter(
      ([name, arm]) =>
        name !== whole && !arm.attack && same(arm.setting, base.setting) && same(arm.defense, base.defense),
    )
    .flatMap(([name, arm]) =>
      barRows(
        evidence,
        attack,
        proof,
        proof.bars.filter(({ arm: own, minus }) => own === name || minus === name),
      ).map((cells) => [
        proof.id,
        `${code(name)}: ${settings(changes(arm.options)) || "as it is"}`,
        ...cells.slice(0, 4),
        cells[5],
      ]),
    );
}

function ablationText(evidence, attack) {
  const rows = attack.proofs.flatMap((proof) => ablations(evidence, attack, proof));
  if (rows.length === 0) return "No proof switches a part of it off.";
  return table(["proof", "what is changed", "bar", "bar from", "data", "measured (floor)", "verdict"], rows);
}

function limits({ works, uses = [], assumes = {}, adaptsTo = [], proofs, ...attack }) {
  const several = works.rounds === "several" ? ", and two rounds or more of the same client" : "";
  const known = proofs.filter(({ setting }) => setting.labels === "known").map(({ id }) => id);
  const special = marksOf({ proofs }).filter((mark) => mark === "estimated" || mark === "reconstructed");
  const failing = proofs.flatMap(({ id, bars }) =>
    bars.flatMap((bar) => (bar.fails ? [`${id}, ${describeBar(bar)}: ${bar.fails.measured}. ${bar.fails.why}`] : [])),
  );
  const lines = [
    `Takes updates of ${works.algorithms.join(" or ")} with up to ${works.maxBatch} ${works.maxBatch === 1 ? "image" : "images"} behind them${several}.`,
    `Reckons with BatchNorm in ${(works.modes ?? ["eval"]).join(" or ")} mode.`,
    ...uses.map((capability) =>
      capability in assumes
        ? `Where \`${capability}\` is not granted, it takes for granted: ${settings(assumes[capability])}.`
        : `Makes use of \`${capability}\` where it is granted: ${capabilities[capability].hands}.`,
    ),
    adaptsTo.length === 0
      ? "Knows no defense: under any, it runs as if there were none."
      : `Where the defense is known, it imitates ${listed(adaptsTo)}; under any other it runs as if there were none.`,
    ...(known.length > 0 ? [`◦ The labels are handed to the attacker in: ${known.join(", ")}.`] : []),
    ...special.map((mark) => `A bar marked *${mark}* ${meaning[mark]}.`),
    ...failing.map((text) => `Known to fail: ${text}`),
    `A result without a leak counts only where ${attack.title} has won its controls; it is unknown otherwise.`,
  ];
  return lines.map((line) => `- ${line}`).join("\n");
}

export const weakest = ({ needs }) => {
  const letter = weakestThreat(needs);
  return `${letter} ${threatModels[letter].title}`;
};

/** The whole page. `evidence` holds rows of docs/evidence.json. */
export function attackPage(attack, evidence) {
  const { id, title, summary, paper, category, needs, options, control, proofs } = attack;
  const { who, realism } = threatModels[weakestThreat(needs)];
  const rows = optionRows(options).map(([name, ...rest]) => [code(name), ...rest]);
  const used = marksOf(attack);
  return `${[
    `<!-- Generated by \`node scripts/attack-pages.js\` from the attack's definition and docs/evidence.json; do not edit. -->`,
    `# ${title} (${code(id)})`,
    summary,
    `${paper.authors}: [${paper.title}](${paper.url}), ${paper.venue} ${paper.year}${reference(paper)}. Category: ${category}.`,
    `    leakscope attack ${id}`,
    section(
      "What it needs",
      table(
        ["capability", "what that hands over"],
        needs.map((need) => [code(need), capabilities[need].hands]),
      ),
      `Weakest adversary: **${weakest(attack)}**, ${who}. Realism: ${realism.stars} of 4 stars (${realism.source}).`,
    ),
    section("Options", rows.length > 0 ? table(["option", "type", "", "meaning"], rows) : "None."),
    section(
      "Control",
      `The case that it must win, or its other cells are unknown: ${caseText({ labels: "recovered", ...control })}; ` +
        `${filled([`seed ${control.seed}`, settings(control.options)]).join("; ")}. The best image must reach ${control.bar} dB.`,
    ),
    section(
      "Proofs",
      [proofs.some(({ quick }) => quick) ? "" : " --all", " --all --data cifar10:PATH"]
        .map((more) => `    leakscope reproduce ${id}${more}`)
        .join("\n"),
      used.length > 0
        ? `Where bars come from: ${used.map((mark) => `*${mark}* ${meaning[mark]}`).join("; ")}. In brackets: the floor, the best guess without any update. Device of the figures: see [EVIDENCE.md](../EVIDENCE.md).`
        : "",
      ...proofs.map((proof) => proofText(evidence, attack, proof)),
    ),
    section("Ablation", ablationText(evidence, attack)),
    section("Limits", limits(attack)),
  ].join("\n\n")}\n`;
}

// The page of an attack as Markdown, from its definition and from what its proofs measured (docs/evidence.json).
import { reference } from "../dist/attacks/define.js";
import { describeBar } from "../dist/audit/proof.js";
import { optionRows } from "../dist/cli/explain.js";
import { capabilities, threatModels, weakestThreat } from "../dist/threat/capabilities.js";
import { code, filled, generated, list, listed, optionTable, page, section, settings, table } from "./markdown.js";

const marks = ({ bars }) => [...new Set(bars.map((bar) => bar.evidence))];
export const marksOf = ({ proofs }) => [...new Set(proofs.flatMap(marks))];
/** Rows of evidence about a bar, one for each data set. */
export const measuredOf = (evidence, attack, proof, bar) =>
  evidence.filter((row) => row.attack === attack.id && row.proof === proof.id && row.bar === describeBar(bar));

/** How many of an attack's bars there are, were measured, and held on every data set that they were measured on. */
export function evidenceState(attack, evidence) {
  const bars = attack.proofs.flatMap((proof) => proof.bars.map((bar) => measuredOf(evidence, attack, proof, bar)));
  const measured = bars.filter((rows) => rows.length > 0);
  const held = measured.filter((rows) => rows.every(({ verdict }) => verdict.startsWith("held")));
  return { bars: bars.length, measured: measured.length, held: held.length };
}

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
    if (rows.length === 0) return [[...head, "", "no figure is kept", "", "", "", ""]];
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

/** Where labels come from when nobody hands them over. */
function labelsText({ options, proofs }) {
  const known = proofs.filter(({ setting }) => setting.labels === "known").map(({ id }) => id);
  return list([
    options.shape.labelRule
      ? "Read off the update by the rule in option `labelRule`; `auto` is measured in [labels.md](../labels.md)."
      : "No option chooses a rule for them: the attack finds them in a way of its own, or needs none.",
    ...(known.length > 0 ? [`◦ They are handed to the attacker in these proofs: ${listed(known)}.`] : []),
  ]);
}

function limits({ works, uses = [], assumes = {}, adaptsTo = [], proofs, needs, ...attack }) {
  const several = works.rounds === "several" ? ", and two rounds or more of the same client" : "";
  const special = marksOf({ proofs }).filter((mark) => mark === "estimated" || mark === "reconstructed");
  const failing = proofs.flatMap(({ id, bars }) =>
    bars.flatMap((bar) => (bar.fails ? [`${id}, ${describeBar(bar)}: ${bar.fails.measured}. ${bar.fails.why}`] : [])),
  );
  const lines = [
    `Takes updates of ${works.algorithms.join(" or ")} on ${works.modalities.join(" or ")} data with up to ${works.maxBatch} ${works.maxBatch === 1 ? "image" : "images"} behind them${several}.`,
    `Reckons with BatchNorm in ${(works.modes ?? ["eval"]).join(" or ")} mode.`,
    ...uses.map((capability) =>
      capability in assumes
        ? `Where \`${capability}\` is not granted, it takes for granted: ${settings(assumes[capability])}.`
        : `Makes use of \`${capability}\` where it is granted: ${capabilities[capability].hands}.`,
    ),
    ...(needs.includes("surrogateData")
      ? ["It depends on how alike the surrogate pictures are to the client's; [one such curve](../surrogate-shift.md)."]
      : []),
    adaptsTo.length === 0
      ? "Knows no defense: under any, it runs as if there were none."
      : `Where the defense is known, it imitates ${adaptsTo.map((id) => `[${code(id)}](../defenses/${id}.md)`).join(", ")}; under any other it runs as if there were none.`,
    ...special.map((mark) => `A bar marked *${mark}* ${meaning[mark]}.`),
    ...failing.map((text) => `Known to fail: ${text}`),
    `A result without a leak counts only where ${attack.title} has won its controls; it is unknown otherwise.`,
  ];
  return list(lines);
}

export const weakest = ({ needs }) => {
  const letter = weakestThreat(needs);
  return `${letter} ${threatModels[letter].title}`;
};

/** The whole page. `evidence` holds rows of docs/evidence.json. */
export function attackPage(attack, evidence) {
  const { id, title, summary, paper, category, needs, options, control, proofs } = attack;
  const { who, realism } = threatModels[weakestThreat(needs)];
  const used = marksOf(attack);
  const figures = evidence.some((row) => row.attack === id)
    ? "Device of the figures: see [EVIDENCE.md](../EVIDENCE.md)."
    : "";
  return page(
    generated("the attack's definition and docs/evidence.json"),
    `# ${title} (${code(id)})`,
    summary,
    `${paper.authors}: [${paper.title}](${paper.url}), ${paper.venue} ${paper.year}${reference(paper)}. Category: ${category}.`,
    `    leakscope attack ${id}\n    leakscope explain ${id}`,
    attack.reconstructed ? `> *Reconstructed, not published*: ${attack.reconstructed}` : "",
    section(
      "What it needs",
      table(
        ["capability", "what that hands over"],
        needs.map((need) => [code(need), capabilities[need].hands]),
      ),
      `Weakest adversary: **${weakest(attack)}**, ${who}. Realism: ${realism.stars} of 4 stars (${realism.source}).`,
    ),
    section("Labels", labelsText(attack)),
    section("Options", optionTable(optionRows(options))),
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
        ? filled([
            `Where bars come from: ${used.map((mark) => `*${mark}* ${meaning[mark]}`).join("; ")}.`,
            "In brackets: the floor, the best guess without any update.",
            figures,
          ]).join(" ")
        : "",
      ...proofs.map((proof) => proofText(evidence, attack, proof)),
    ),
    section("Ablation", ablationText(evidence, attack)),
    section("Limits", limits(attack)),
  );
}

/** The table of all attacks. */
export function attackIndex(attacks, evidence) {
  const rows = [...attacks]
    .sort((a, b) => (a.category < b.category ? -1 : a.category > b.category ? 1 : 0))
    .map((attack) => {
      const { bars, measured, held } = evidenceState(attack, evidence);
      return [
        `[${code(attack.id)}](${attack.id}.md)`,
        ...[
          `${attack.title}${attack.reconstructed ? " (*reconstructed*)" : ""}`,
          attack.category,
          weakest(attack),
          marksOf(attack).join(", "),
          bars,
        ],
        measured === 0 ? "" : `${held} of ${measured}`,
      ];
    });
  return page(
    generated("the definitions of attacks and docs/evidence.json"),
    "# Attacks",
    "What each attack needs, does and was measured to do. [Defenses](../defenses/README.md), [metrics](../metrics/README.md).",
    evidence.length === 0
      ? ""
      : "A bar counts as held where it holds on every data set that it was measured on ([EVIDENCE.md](../EVIDENCE.md)).",
    table(["id", "attack", "category", "weakest adversary", "bars from", "bars", "held, of those measured"], rows),
  );
}

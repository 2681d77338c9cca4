// The page of a defense as Markdown, from its definition, and from the proofs of attacks that were run under it (docs/evidence.json).
import { describeBar } from "../dist/audit/proof.js";
import { optionRows } from "../dist/cli/explain.js";
import { partsOf } from "../dist/defenses/define.js";
import { linesOfParts } from "../dist/report/frameworks.js";
import { measuredOf } from "./attack-page.js";
import { code, generated, list, optionTable, page, section, settings, table } from "./markdown.js";

/** Where it attaches, in words. */
const place = {
  input: "on the client, to the data before training",
  model: "in the model that everybody trains",
  update: "on the client, to the update before it is sent",
  aggregation: "between the clients and the server's sum",
  server: "on the server, after the sum",
  detection: "on the client, which looks at the model that it received",
};
const families = { formal: "comes with a guarantee", heuristic: "without a guarantee", baseline: "the plain baseline" };

/** What a round must provide. */
const provisions = {
  perSampleGrad: "a gradient for every sample",
  inputJacobian: "how features depend on the input",
  privateNoise: "noise that only the client draws",
  secondOrder: "second derivatives",
  privateParams: "parameters that stay with the client",
  peerChannel: "messages among clients",
  rootSet: "clean data on the server",
};

const linked = ({ id }) => `[${code(id)}](../attacks/${id}.md)`;
const knowing = ({ id }, attacks) => attacks.filter(({ adaptsTo = [] }) => adaptsTo.includes(id));

/** Bars of proofs whose arm runs under the defense, with what was measured. */
const underIt = ({ id }, attacks, evidence) =>
  attacks.flatMap((attack) =>
    attack.proofs.flatMap((proof) => {
      const arms = Object.entries(proof.arms).filter(([, arm]) => arm.defense?.id === id);
      // A bar between two arms under it is told once, by its first.
      const first = ({ arm, minus }) => arms.find(([name]) => name === arm) ?? arms.find(([name]) => name === minus);
      return arms.flatMap(([name, { defense, adaptive }]) =>
        proof.bars
          .filter((bar) => first(bar)?.[0] === name)
          .flatMap((bar) => {
            const rows = measuredOf(evidence, attack, proof, bar);
            const head = [`${linked(attack)}/${proof.id}`, settings(defense.options), adaptive ? "yes" : "no"];
            const own = [...head, describeBar(bar), bar.evidence];
            if (rows.length === 0) return [[...own, "", "no figure is kept", ""]];
            return rows.map(({ data, measured, floor, verdict }) => [
              ...[...own, data, `${measured}${floor === null ? "" : ` (${floor})`}`, verdict],
            ]);
          }),
      );
    }),
  );

/** The whole page. `evidence` holds rows of docs/evidence.json. */
export function defensePage(defense, attacks, evidence) {
  const { id, title, summary, source, at, stage, family, needs, randomness, options, advice } = defense;
  const able = knowing(defense, attacks);
  const measured = underIt(defense, attacks, evidence);
  const chance = { none: "none", seeded: "from the case's seed", csprng: "cryptographic, not repeatable" };
  return page(
    generated("the defense's definition and docs/evidence.json"),
    `# ${title} (${code(id)})`,
    summary,
    `Source: ${source}.`,
    `In an audit's configuration: ${code(`defenses: [none, ${id}]`)}. On the command line: ${code(`leakscope attack <id> --defense ${id}`)}.`,
    section(
      "What it is",
      list([
        `Attaches at **${at}**, ${place[at]} (stage ${code(stage)} of a round).`,
        `Family: ${family}, ${families[family]}.`,
        `Needs of a round: ${needs.length === 0 ? "nothing" : needs.map((need) => `${provisions[need]} (${code(need)})`).join(", ")}.`,
        `Randomness: ${chance[randomness]}.`,
      ]),
    ),
    section("Options", optionTable(optionRows(options))),
    section(
      "Attackers who know of it",
      able.length === 0
        ? "No attack here has an adaptive variant for it: a cell without a leak says nothing of an attacker who knows it."
        : `${able.map(linked).join(", ")}. Cells of these are run a second time with the defense known, and the worst counts.`,
    ),
    section(
      "Proofs under it",
      measured.length === 0
        ? "No proof of an attack runs under it."
        : table(["proof", "options", "known", "bar", "bar from", "data", "measured (floor)", "verdict"], measured),
    ),
    section(
      "In your own federation",
      `Advice that an audit gives where it stops an attack: ${advice}.`,
      list(linesOfParts(partsOf(defense)).map(([framework, part]) => `**${framework}**: ${part}.`)),
    ),
  );
}

/** The table of all defenses. */
export const defenseIndex = (defenses, attacks) =>
  page(
    generated("the definitions of defenses"),
    "# Defenses",
    "What each defense does, and who knows of it. [Attacks](../attacks/README.md), [metrics](../metrics/README.md).",
    table(
      ["id", "defense", "attaches at", "family", "attacks that adapt to it"],
      defenses.map((defense) => [
        `[${code(defense.id)}](${defense.id}.md)`,
        ...[defense.title, defense.at, defense.family, `${knowing(defense, attacks).length}`],
      ]),
    ),
  );

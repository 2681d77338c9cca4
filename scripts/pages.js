// Writes the pages of attacks, defenses, metrics and the surrogate shift below docs/ from the definitions of the built program and from what was
// measured (docs/*.json). With --check it only compares and exits 1 when a page is out of date.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadCatalogue } from "../dist/audit/catalogue.js";
import { attackIndex, attackPage } from "./attack-page.js";
import { defenseIndex, defensePage } from "./defense-page.js";
import { metricIndex, metricPage } from "./metric-page.js";
import { shiftChart } from "./shift-chart.js";
import { shiftPage } from "./shift-page.js";

const docs = new URL("../docs/", import.meta.url);
/** Everything in these is written here; what is no page any more goes. */
const FOLDERS = ["attacks", "defenses", "metrics"];

const read = (name) => (existsSync(new URL(name, docs)) ? readFileSync(new URL(name, docs), "utf8") : undefined);
const catalogue = await loadCatalogue();
const [attacks, defenses, metrics] = [catalogue.attacks, catalogue.defenses, catalogue.metrics].map((found) =>
  [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
);

/** Text by path below docs/. */
function pagesWith(evidence) {
  const shift = read("surrogate-shift.json");
  return new Map([
    ["attacks/README.md", attackIndex(attacks, evidence)],
    ...attacks.map((attack) => [`attacks/${attack.id}.md`, attackPage(attack, evidence)]),
    ["defenses/README.md", defenseIndex(defenses, attacks)],
    ...defenses.map((defense) => [`defenses/${defense.id}.md`, defensePage(defense, attacks, evidence)]),
    ["metrics/README.md", metricIndex(metrics)],
    ...metrics.map((metric) => [`metrics/${metric.id}.md`, metricPage(metric)]),
    ...(shift === undefined
      ? []
      : [
          ["surrogate-shift.md", shiftPage(JSON.parse(shift))],
          ["surrogate-shift.svg", shiftChart(JSON.parse(shift))],
        ]),
  ]);
}

const evidence = JSON.parse(read("evidence.json") ?? "[]");
const pages = pagesWith(evidence);
const stale = FOLDERS.flatMap((folder) =>
  existsSync(new URL(folder, docs))
    ? readdirSync(new URL(folder, docs))
        .map((name) => `${folder}/${name}`)
        .filter((path) => path.endsWith(".md") && !pages.has(path))
    : [],
);
const differing = (expected) => [...expected].filter(([path, text]) => read(path) !== text).map(([path]) => path);

if (process.argv.includes("--check")) {
  // While proofs run, figures change by the minute. Pages that show none are poorer for it, not wrong.
  const plain = pagesWith([]);
  const outdated = differing(pages);
  const wrong = [...stale, ...outdated.filter((path) => read(path) !== plain.get(path))];
  if (wrong.length > 0) {
    process.stderr.write(`pages below docs/ are out of date (${wrong.join(", ")}): run \`npm run features\`\n`);
    process.exitCode = 1;
  } else if (outdated.length > 0) {
    process.stderr.write(
      "docs/evidence.json has figures that the pages do not show yet: `npm run features` adds them\n",
    );
  }
} else {
  for (const path of stale) rmSync(new URL(path, docs));
  for (const path of differing(pages)) {
    mkdirSync(new URL(".", new URL(path, docs)), { recursive: true });
    writeFileSync(new URL(path, docs), pages.get(path));
  }
}

// Every row of the systematisation with what this build has of it, for the catalogue screen: taken from the built program and, where it
// exists, from docs/evidence.json. What is not built is listed as such.
import { existsSync, readFileSync } from "node:fs";
import { loadCatalogue } from "../dist/audit/catalogue.js";
import { partsOf } from "../dist/defenses/define.js";
import { weakestThreat } from "../dist/threat/capabilities.js";
import { evidenceState } from "../scripts/attack-page.js";
import { seedRows } from "./seed-rows.js";

const evidenceFile = new URL("../docs/evidence.json", import.meta.url);

function readEvidence() {
  return existsSync(evidenceFile) ? JSON.parse(readFileSync(evidenceFile, "utf8")) : [];
}

const attackDetails = (evidence) => (attack) => ({
  title: attack.title,
  paper: {
    text: `${attack.paper.authors}, ${attack.paper.venue} ${attack.paper.year}`,
    url: attack.paper.url,
  },
  weakest: weakestThreat(attack.needs),
  summary: attack.summary,
  ...(attack.reconstructed ? { reconstructed: attack.reconstructed } : {}),
  evidence: evidenceState(attack, evidence),
  proofs: attack.proofs.map(({ id, claim, bars }) => ({
    id,
    claim,
    marks: [...new Set(bars.map((bar) => bar.evidence))],
    bars: bars.length,
    knownFailures: bars.filter(({ fails }) => fails).length,
    measured: evidence
      .filter((row) => row.attack === attack.id && row.proof === id)
      .map(({ bar, measured, verdict, seeds, data }) => ({ bar, measured, verdict, seeds, data })),
  })),
  command: `leakscope reproduce ${attack.id}`,
  docs: `docs/attacks/${attack.id}.md`,
});

const defenseDetails = (defense) => ({
  title: defense.title,
  summary: defense.summary,
  source: defense.source,
  advice: defense.advice,
  inFrameworks: partsOf(defense),
  command: `leakscope explain ${defense.id}`,
  docs: `docs/defenses/${defense.id}.md`,
});

const metricDetails = (metric) => ({
  title: metric.title,
  summary: `More leakage when ${metric.moreLeakage}. Variants: ${Object.keys(metric.variants).join(", ")}.`,
  command: `leakscope explain ${metric.id}`,
  docs: `docs/metrics/${metric.id}.md`,
});

/** Rows of the seed in its order, then what this build has besides. */
function rowsOf(kind, seed, built, describe, groupOf) {
  const seen = new Set(seed.map(([id]) => id));
  const extra = [...built.values()].filter(({ id }) => !seen.has(id)).map((each) => [each.id, null, groupOf(each)]);
  return [...seed, ...extra].map(([id, reference, group]) => {
    const found = built.get(id);
    const row = { kind, id, reference, group, listed: seen.has(id), built: found !== undefined, title: id };
    return { ...row, ...(found ? describe(found) : {}) };
  });
}

export async function catalogueRows() {
  const { attacks, defenses, metrics } = await loadCatalogue();
  return [
    ...rowsOf("attack", seedRows.attacks, attacks, attackDetails(readEvidence()), ({ category }) => category),
    ...rowsOf("defense", seedRows.defenses, defenses, defenseDetails, ({ at }) => at),
    ...rowsOf("metric", seedRows.metrics, metrics, metricDetails, () => "metric"),
  ];
}

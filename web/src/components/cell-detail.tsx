// One computation in full: pictures, figures beside floor and controls, loss curve, defense, and the recipe that repeats it.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatBytes, formatFigure, formatNumber, formatSeconds } from "../../../src/report/figures.js";
import { itemsOf, sortItems } from "../../../src/report/gallery.js";
import { type CellGroup, describeObservers, describeOptions } from "../../../src/report/groups.js";
import type { Curve } from "../../../src/report/loss-curve.js";
import { count, knownLabelsMark, statuses } from "../../../src/report/words.js";
import { hashOf } from "../route.js";
import { Formation } from "./formation.js";
import { LossChart } from "./loss-chart.js";
import { Difference, FloorGuess, Original, Reconstruction } from "./pictures.js";
import { Controls, ScoreTable } from "./scores.js";
import { StatusTag, Term } from "./text.js";

/** Pictures before the reader is sent to the gallery. */
const MOST_PICTURES = 4;
/** Curves of other cases that are drawn behind this one's. */
const MOST_CURVES = 12;

interface DetailProps {
  readonly group: CellGroup;
  readonly audit: AuditJson;
  /** Other cases of the attack, whose curves stand behind. */
  readonly others: readonly CellGroup[];
}

export function CellDetail({ group, audit, others }: DetailProps) {
  const { cell } = group;
  const computed = Object.keys(cell.scores).length > 0 || cell.images.length > 0;
  const behind = others.filter((each) => each !== group).slice(0, MOST_CURVES);
  return (
    <article class={`cell ${cell.status}`} aria-labelledby="cell-title">
      <header>
        <StatusTag status={cell.status} />
        <h2 id="cell-title">
          {cell.attackTitle} <span class="muted">against</span>{" "}
          {cell.defense === "none" ? "no defense" : cell.defenseTitle}
        </h2>
        <p class="muted">
          {describeObservers(group)}. Seed {cell.case.seed}.{cell.adaptive && " The attacker knows the defense."}
          {cell.budget.exhausted && " The budget ran out."}{" "}
          {cell.recipe.labels === "known" && <strong class="assumption">{knownLabelsMark}</strong>}
        </p>
      </header>
      {cell.reason && (
        <p class="reason">
          <strong>Why {statuses[cell.status].word}:</strong> {cell.reason}
        </p>
      )}
      {cell.images.length > 0 && <Pictures group={group} policy={audit.originals} />}
      <Formation key={group.id} cell={cell} />
      {computed && (
        <>
          <ScoreTable cell={cell} />
          <Losses group={group} behind={behind} />
          <Besides group={group} />
        </>
      )}
      {cell.status !== "not-applicable" && <Controls cell={cell} />}
      {cell.notes.length > 0 && (
        <ul class="notes">
          {cell.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {cell.status !== "not-applicable" && <Recipe group={group} />}
    </article>
  );
}

function Losses({ group, behind }: { group: CellGroup; behind: readonly CellGroup[] }) {
  const { curve, otherCurves = [] } = group.cell;
  const nameOf = ({ cell: { defense, defenseTitle, case: of }, id }: CellGroup) =>
    `${defense === "none" ? "no defense" : defenseTitle}, seed ${of.seed} (${id})`;
  const curves: Curve[] = [
    { label: nameOf(group), role: "main", points: curve },
    ...otherCurves.map((points): Curve => ({ label: "another start of this case", role: "start", points })),
    ...behind.map((other): Curve => ({ label: nameOf(other), role: "other", points: other.cell.curve })),
  ];
  const thin = otherCurves.length > 0 ? `; thin: its ${count(otherCurves.length, "other start")}` : "";
  const dashed = behind.length > 0 ? "; dashed grey: other cases of this attack" : "";
  return (
    <LossChart
      curves={curve.length > 0 ? curves : []}
      caption={`Objective of the first batch's best start, logarithmic${thin}${dashed}`}
    />
  );
}

function Pictures({ group, policy }: { group: CellGroup; policy: AuditJson["originals"] }) {
  const { cell } = group;
  const items = sortItems(itemsOf([group]), "most");
  return (
    <>
      <ul class="pictures">
        {items.slice(0, MOST_PICTURES).map(({ image, index, psnr }) => (
          <li key={index}>
            <div class="strip">
              <Original image={image} policy={policy} />
              <Reconstruction image={image} caption={psnr === null ? "reconstruction" : formatFigure("psnr", psnr)} />
              <Difference image={image} policy={policy} />
              <FloorGuess image={image} />
            </div>
            <p class="figures">
              record {image.record}, {image.label} {image.leaked && <strong class="tag leak">● leaked</strong>}
            </p>
          </li>
        ))}
      </ul>
      {items.length > MOST_PICTURES && (
        <p>
          <a href={hashOf("gallery", undefined, { attack: cell.attack, defense: cell.defense })}>
            All {items.length} pictures in the gallery
          </a>
        </p>
      )}
    </>
  );
}

/** What came back besides pictures, and what the defense cost. */
function Besides({ group: { cell } }: { group: CellGroup }) {
  const { labels, utility } = cell;
  if (!labels && !utility) return null;
  const share = (value: number | null) => (value === null ? "undefined" : `${formatNumber(100 * value)} %`);
  return (
    <dl class="terms">
      {labels && (
        <Term name="Labels recovered">
          {share(labels.accuracy)} with {labels.method}
        </Term>
      )}
      {utility && (
        <>
          <Term name="Accuracy with the defense">
            {share(utility.accuracyWith)}, without {share(utility.accuracyWithout)}
          </Term>
          <Term name="Change of the update">
            distortion {utility.distortion === null ? "undefined" : formatNumber(utility.distortion)}, cosine{" "}
            {utility.cosine === null ? "undefined" : formatNumber(utility.cosine)}
          </Term>
          <Term name="Bytes per upload">
            {formatBytes(utility.bytes)}, without {formatBytes(utility.bytesWithout)}
          </Term>
          <Term name="Time per upload">{formatSeconds(utility.seconds)}</Term>
        </>
      )}
    </dl>
  );
}

/** Everything that it takes to compute the cell again. */
function Recipe({ group: { cell, cells } }: { group: CellGroup }) {
  const { recipe, budget } = cell;
  return (
    <details class="recipe" open>
      <summary>Settings of this case</summary>
      <dl class="terms">
        <Term name="Handed over to the attack">{recipe.handed.join(", ") || "nothing"}</Term>
        <Term name="Labels">
          {recipe.labels === "known" ? "known to the adversary (assumed, ◦)" : "recovered by the attack"}
        </Term>
        <Term name={`Attack ${cell.attack}`}>{describeOptions(recipe.attackOptions) || "none"}</Term>
        {recipe.setting && <Term name="Setting of this attack">{describeOptions(recipe.setting)}</Term>}
        <Term name={`Defense ${cell.defense}`}>{describeOptions(recipe.defenseOptions) || "none"}</Term>
        <Term name="Seed">{cell.case.seed}</Term>
        <Term name="Backend">{recipe.backend}</Term>
        <Term name="Gallery">
          {recipe.gallerySize > 0
            ? `${recipe.gallerySize} pictures in ${recipe.galleryClasses} classes; a random pick hits with chance ${formatFigure("iip", 1 / recipe.gallerySize)}`
            : "none"}
        </Term>
        <Term name="Budget">
          {`${formatSeconds(budget.seconds)} and ${budget.iterations} iterations used; ${budget.exhausted ? "the budget ran out" : "ended by itself"}`}
        </Term>
        <Term name={cells.length > 1 ? "Keys" : "Key"}>
          {cells.map(({ key, threat }) => (
            <code key={key}>{`${cells.length > 1 ? `${threat}: ` : ""}${key} `}</code>
          ))}
        </Term>
      </dl>
    </details>
  );
}

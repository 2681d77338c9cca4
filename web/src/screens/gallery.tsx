// All pictures: original | reconstruction | difference, those that leaked first; best, median and worst above; filters in the address.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatFigure, formatPerImage } from "../../../src/report/figures.js";
import { extremesOf, type GalleryItem, itemsOf, type Order, orders, sortItems } from "../../../src/report/gallery.js";
import { knownLabelsMark, originalsPolicy, statuses } from "../../../src/report/words.js";
import { Formation } from "../components/formation.js";
import { Difference, FloorGuess, Original, Reconstruction } from "../components/pictures.js";
import { Choice } from "../components/text.js";
import { VirtualGrid } from "../components/virtual-grid.js";
import { hashOf, route, setQuery } from "../route.js";
import { groups } from "../state.js";

type Policy = AuditJson["originals"];

const ANY = ["", "all"] as const;

/** Distinct pairs of value and text, in order. */
const distinct = (pairs: readonly (readonly [string, string])[]) => [ANY, ...new Map(pairs)];

export function Gallery({ audit }: { audit: AuditJson }) {
  const { attack, defense, threat, status, order: asked } = route.value.query;
  const order: Order = asked && Object.hasOwn(orders, asked) ? (asked as Order) : "most";
  const withPictures = groups.value.filter(({ cell }) => cell.images.length > 0);
  const chosen = withPictures.filter(
    ({ cell, threats }) =>
      (!attack || cell.attack === attack) &&
      (!defense || cell.defense === defense) &&
      (!threat || threats.includes(threat)) &&
      (!status || cell.status === status),
  );
  const items = sortItems(itemsOf(chosen), order);
  // Of what leaks most among those that kept pictures on their way.
  const forming = sortItems(items, "most").find(({ group }) => (group.cell.frames?.length ?? 0) > 1)?.group;
  const choose = (name: string) => (value: string) => setQuery({ [name]: value });
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Every picture and what came back of it
      </h1>
      <p class="lead">{originalsPolicy[audit.originals].text} Cells that share one computation are shown once.</p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Attack"
          value={attack ?? ""}
          values={distinct(withPictures.map(({ cell }) => [cell.attack, cell.attackTitle]))}
          onChange={choose("attack")}
        />
        <Choice
          label="Defense"
          value={defense ?? ""}
          values={distinct(withPictures.map(({ cell }) => [cell.defense, cell.defenseTitle]))}
          onChange={choose("defense")}
        />
        <Choice
          label="Adversary"
          value={threat ?? ""}
          values={distinct(withPictures.flatMap(({ threats }) => threats.map((letter) => [letter, letter] as const)))}
          onChange={choose("threat")}
        />
        <Choice
          label="Result"
          value={status ?? ""}
          values={distinct(withPictures.map(({ cell }) => [cell.status, statuses[cell.status].word]))}
          onChange={choose("status")}
        />
        <Choice label="Order" value={order} values={Object.entries(orders)} onChange={choose("order")} />
      </form>
      <p role="status">
        {items.length} pictures in {chosen.length} computations
      </p>
      {items.length > 3 && (
        <section aria-label="Extremes" class="extremes">
          {extremesOf(items).map(({ title, item }) => (
            <div class="panel" key={title}>
              <h2>{title}</h2>
              <Tile item={item} policy={audit.originals} />
            </div>
          ))}
        </section>
      )}
      {forming && (
        <section class="panel" aria-labelledby="forming">
          <h2 id="forming">
            {forming.cell.attackTitle}, {forming.cell.defense === "none" ? "no defense" : forming.cell.defenseTitle}
          </h2>
          <Formation key={forming.id} cell={forming.cell} />
        </section>
      )}
      <h2>All of them</h2>
      <VirtualGrid
        label="Pictures"
        items={items}
        minWidth={Math.min(330, innerWidth - 48)}
        height={(width) => Math.round((width - 3 * 8) / 4 + 156)}
        keyOf={({ group, index }) => `${group.id} ${index}`}
      >
        {(item) => <Tile item={item} policy={audit.originals} />}
      </VirtualGrid>
    </>
  );
}

function Tile({ item: { group, image, index, psnr }, policy }: { item: GalleryItem; policy: Policy }) {
  const { cell } = group;
  const figures = Object.entries(cell.scores).flatMap(([metric, score]) => {
    const value = score.perImage[index];
    return value === undefined || metric === "psnr" ? [] : [{ metric, text: formatPerImage(metric, value) }];
  });
  return (
    <div class={`tile ${image.leaked ? "leaked" : "kept"}`}>
      <p class="name">
        <strong>{psnr === null ? "undefined" : formatFigure("psnr", psnr)}</strong>{" "}
        {image.leaked ? <span class="tag leak">● leaked</span> : <span class="tag">○ not recovered</span>}{" "}
        <span class="muted">
          record {image.record}, {image.label}
        </span>
      </p>
      <div class="strip">
        <Original image={image} policy={policy} />
        <Reconstruction image={image} />
        <Difference image={image} policy={policy} />
        <FloorGuess image={image} />
      </div>
      <p class="figures">
        <a href={hashOf("attacks", cell.attack, { cell: group.id })}>
          {cell.attackTitle}, {cell.defense === "none" ? "no defense" : cell.defenseTitle}
          {cell.adaptive && ", known to the attacker"}
        </a>{" "}
        {figures.map(({ metric, text }) => (
          <span key={metric}>
            <abbr title={cell.scores[metric]?.variant}>{metric}</abbr> {text}
          </span>
        ))}
        {cell.recipe.labels === "known" && <span class="assumption">{knownLabelsMark}</span>}
      </p>
    </div>
  );
}

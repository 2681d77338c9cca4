// Pictures: original | reconstruction | difference. The difference is made by the browser from the two pictures (blend mode), so that no
// third one is stored. The only place that decides whether an original, or a guess made of real pictures, may be seen.
import type { AuditJson, CellJson, ImageJson } from "../audit/audit-json.js";
import { type Html, html, isPngDataUri } from "./escape.js";
import { formatPerImage } from "./figures.js";
import { knownLabelsMark } from "./words.js";

type Policy = AuditJson["originals"];

/** How much the difference is brightened; printed in its caption. The style sheet has the same factor. */
export const differenceGain = 3;

/** A picture with its caption, or a box that says why there is none. */
function figure(caption: string, uri: string | null, alt: string, absent: string): Html {
  const reason = uri === null ? absent : "refused: not a PNG data URI";
  const content =
    uri !== null && isPngDataUri(uri)
      ? html`<img src="${uri}" alt="${alt}">`
      : html`<span class="absent">${reason}</span>`;
  return html`<figure>${content}<figcaption>${caption}</figcaption></figure>`;
}

const describe = (image: ImageJson): string => `picture ${image.record}, class ${image.label}`;

/** The original under the report's policy. */
export function originalFigure(image: ImageJson, policy: Policy): Html {
  const uri = policy === "omit" ? null : image.original;
  const caption = policy === "blur" && uri !== null ? "original, blurred" : "original";
  return figure(
    caption,
    uri,
    `Original of ${describe(image)}`,
    policy === "omit" ? "left out" : (image.reason ?? "none"),
  );
}

export const reconstructionFigure = (image: ImageJson, caption = "reconstruction"): Html =>
  figure(caption, image.reconstruction, `Reconstruction of ${describe(image)}`, image.reason ?? "the attack gave none");

/** Absolute difference of original and reconstruction; nothing unless both are there and the original is sharp. */
export function differenceFigure({ original, reconstruction, ...image }: ImageJson, policy: Policy): Html | null {
  if (policy !== "show" || original === null || reconstruction === null) return null;
  if (!isPngDataUri(original) || !isPngDataUri(reconstruction)) return null;
  const label = `Difference between original and reconstruction of record ${image.record}, brightened ${differenceGain} times; black is equal`;
  return html`<figure><span class="difference" role="img" aria-label="${label}"><img src="${original}" alt=""><img src="${reconstruction}" alt=""></span><figcaption>difference ×${differenceGain}, black is equal</figcaption></figure>`;
}

/** The guess may be a real picture of a similar kind, so it follows the policy too. */
const floorFigure = (image: ImageJson, policy: Policy): Html | null =>
  image.floor && policy === "show"
    ? figure("guess without update", image.floor, `Best guess made without the update for ${describe(image)}`, "none")
    : null;

/** Pictures side by side before the rest folds away. */
const OPEN_PICTURES = 8;

/** All pictures of a cell with their figures, those that leaked first. */
export function pictureList(cell: CellJson, policy: Policy): Html {
  const indices = cell.images
    .map((_, i) => i)
    .sort((a, b) => Number(cell.images[b]!.leaked) - Number(cell.images[a]!.leaked));
  const items = indices.map((i) => pictureItem(cell, i, policy));
  const rest = items.slice(OPEN_PICTURES);
  return html`<ul class="pictures">${items.slice(0, OPEN_PICTURES)}</ul>
${rest.length > 0 && html`<details><summary>${rest.length} more pictures</summary><ul class="pictures">${rest}</ul></details>`}`;
}

function pictureItem(cell: CellJson, index: number, policy: Policy): Html {
  const image = cell.images[index]!;
  const figures = Object.entries(cell.scores).flatMap(([metric, score]) => {
    const value = score.perImage[index];
    return value === undefined
      ? []
      : html`<span><abbr title="${score.variant}">${metric}</abbr> ${formatPerImage(metric, value)}</span> `;
  });
  return html`<li class="${image.leaked ? "leaked" : "kept"}">
<p class="name">record ${image.record} <span class="muted">${image.label}</span>${image.leaked && html` <strong class="tag leak">● leaked</strong>`}</p>
<div class="strip">${originalFigure(image, policy)}${reconstructionFigure(image)}${differenceFigure(image, policy)}${floorFigure(image, policy)}</div>
<p class="figures">${figures}${cell.recipe.labels === "known" && html`<span class="assumption">${knownLabelsMark}</span> `}${image.reason && html`<span class="muted">${image.reason}</span>`}</p>
</li>`;
}

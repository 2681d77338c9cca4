// All pictures of an audit as one list: filtered, in order of leakage, with the most, the median and the least telling one.
import type { ImageJson } from "../audit/audit-json.js";
import { scoreOf } from "./figures.js";
import type { CellGroup } from "./groups.js";

export interface GalleryItem {
  readonly group: CellGroup;
  readonly image: ImageJson;
  /** Position in the cell's lists. */
  readonly index: number;
  /** In dB; null where undefined. */
  readonly psnr: number | null;
}

export const orders = {
  most: "leaks most first",
  least: "leaks least first",
  record: "by record",
} as const;

export type Order = keyof typeof orders;

/** One item per picture and computation; computations without pictures leave none. */
export const itemsOf = (groups: readonly CellGroup[]): GalleryItem[] =>
  groups.flatMap((group) => {
    const psnr = scoreOf(group.cell.scores, "psnr")?.perImage;
    return group.cell.images.map((image, index) => ({ group, image, index, psnr: psnr?.[index] ?? null }));
  });

/** Whether it leaked comes first, then how near it came. */
const byLeakage = (a: GalleryItem, b: GalleryItem): number =>
  Number(b.image.leaked) - Number(a.image.leaked) || (b.psnr ?? -1) - (a.psnr ?? -1);

export function sortItems(items: readonly GalleryItem[], order: Order): GalleryItem[] {
  const sorted = [...items].sort(order === "record" ? (a, b) => a.image.record - b.image.record : byLeakage);
  return order === "least" ? sorted.reverse() : sorted;
}

/** Of the items with a reconstruction: that which leaks most, the median, and that which leaks least. Fewer where there are fewer. */
export function extremesOf(items: readonly GalleryItem[]): { readonly title: string; readonly item: GalleryItem }[] {
  const sorted = sortItems(
    items.filter(({ image, psnr }) => image.reconstruction !== null && psnr !== null),
    "most",
  );
  if (sorted.length === 0) return [];
  const places = [
    ["Leaks most", 0],
    ["Median", Math.floor((sorted.length - 1) / 2)],
    ["Leaks least", sorted.length - 1],
  ] as const;
  return places
    .filter(([, place], i) => places.findIndex(([, other]) => other === place) === i)
    .map(([title, place]) => ({ title, item: sorted[place]! }));
}

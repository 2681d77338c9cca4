// An audit as it stands in a report: every picture once, however many cells show it. Originals and guesses are the same in all cells of a case.
import type { AuditJson, ImageJson } from "../audit/audit-json.js";

type Packed<T> = Omit<T, "original" | "reconstruction" | "floor"> & {
  readonly original: number | null;
  readonly reconstruction: number | null;
  readonly floor?: number | null;
};

export interface PackedAudit {
  /** PNG data URIs; images name them by their place. */
  readonly pictures: readonly string[];
  readonly audit: Omit<AuditJson, "cells"> & {
    readonly cells: readonly (Omit<AuditJson["cells"][number], "images"> & {
      readonly images: readonly Packed<ImageJson>[];
    })[];
  };
}

/** Takes the pictures out of the cells. */
export function packAudit(audit: AuditJson): PackedAudit {
  const places = new Map<string, number>();
  const placeOf = (uri: string | null): number | null => {
    if (uri === null) return null;
    const place = places.get(uri) ?? places.size;
    places.set(uri, place);
    return place;
  };
  const cells = audit.cells.map((cell) => ({
    ...cell,
    images: cell.images.map(({ original, reconstruction, floor, ...rest }) => ({
      ...rest,
      original: placeOf(original),
      reconstruction: placeOf(reconstruction),
      ...(floor === undefined ? {} : { floor: placeOf(floor) }),
    })),
  }));
  return { pictures: [...places.keys()], audit: { ...audit, cells } };
}

/** Puts them back. */
export function unpackAudit({ pictures, audit }: PackedAudit): AuditJson {
  const pictureOf = (place: number | null): string | null => (place === null ? null : (pictures[place] ?? null));
  const cells = audit.cells.map((cell) => ({
    ...cell,
    images: cell.images.map(({ original, reconstruction, floor, ...rest }) => ({
      ...rest,
      original: pictureOf(original),
      reconstruction: pictureOf(reconstruction),
      ...(floor === undefined ? {} : { floor: pictureOf(floor) }),
    })),
  }));
  return { ...audit, cells };
}

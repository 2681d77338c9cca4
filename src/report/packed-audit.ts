// An audit as it stands in a report: every picture once, however many cells show it. Originals and guesses are the same in all cells of a case.
import type { AuditJson, ImageJson } from "../audit/audit-json.js";

type Packed<T> = Omit<T, "original" | "reconstruction" | "floor"> & {
  readonly original: number | null;
  readonly reconstruction: number | null;
  readonly floor?: number | null;
};

interface Frame<Picture> {
  readonly iteration: number;
  readonly picture: Picture;
}

type Cell = AuditJson["cells"][number];
type PackedCell = Omit<Cell, "images" | "frames"> & {
  readonly images: readonly Packed<ImageJson>[];
  readonly frames?: readonly Frame<number>[];
};

export interface PackedAudit {
  /** PNG data URIs; images name them by their place. */
  readonly pictures: readonly string[];
  readonly audit: Omit<AuditJson, "cells"> & {
    readonly cells: readonly PackedCell[];
  };
}

/** The frames of a cell with other pictures in them. */
const framesOf = <From, To>(frames: readonly Frame<From>[] | undefined, of: (picture: From) => To) =>
  frames ? { frames: frames.map(({ iteration, picture }) => ({ iteration, picture: of(picture) })) } : {};

/** Takes the pictures out of the cells. */
export function packAudit(audit: AuditJson): PackedAudit {
  const places = new Map<string, number>();
  const placeOf = (uri: string | null): number | null => {
    if (uri === null) return null;
    const place = places.get(uri) ?? places.size;
    places.set(uri, place);
    return place;
  };
  const cells = audit.cells.map(({ frames, ...cell }) => ({
    ...cell,
    ...framesOf(frames, (picture) => placeOf(picture)!),
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
  const cells = audit.cells.map(({ frames, ...cell }) => ({
    ...cell,
    ...framesOf(frames, (place) => pictures[place] ?? ""),
    images: cell.images.map(({ original, reconstruction, floor, ...rest }) => ({
      ...rest,
      original: pictureOf(original),
      reconstruction: pictureOf(reconstruction),
      ...(floor === undefined ? {} : { floor: pictureOf(floor) }),
    })),
  }));
  return { ...audit, cells };
}

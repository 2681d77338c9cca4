// What pictures a reader may see. The only place that decides whether an original, or a guess made of real pictures, gets out; every page
// and every embedded audit goes through it.
import type { AuditJson, ImageJson } from "../audit/audit-json.js";

const pngDataUri = /^data:image\/png;base64,[A-Za-z0-9+/=]+$/;

/** True for a PNG as a data URI, the only kind of picture address that a page accepts. */
export const isPngDataUri = (uri: string): boolean => pngDataUri.test(uri);

export const refusedPicture = "refused: not a PNG data URI";

/** How much a difference is brightened; printed in its caption. The style sheet has the same factor. */
export const differenceGain = 3;

const checked = (uri: string | null | undefined): string | null => (uri && isPngDataUri(uri) ? uri : null);

function visible(image: ImageJson, policy: AuditJson["originals"]): ImageJson {
  const original = policy === "omit" ? null : checked(image.original);
  const reconstruction = checked(image.reconstruction);
  const refused =
    (policy !== "omit" && image.original !== null && original === null) ||
    (image.reconstruction !== null && reconstruction === null);
  const reason = refused ? refusedPicture : image.reason;
  const { reason: _, ...rest } = image;
  return {
    ...rest,
    original,
    reconstruction,
    // The guess may be a real picture of a similar kind, so it follows the policy too.
    floor: policy === "show" ? checked(image.floor) : null,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The audit as it may be shown: no original under `omit`, no guess unless `show`, and nothing but PNG data URIs. */
export const withholdPictures = (audit: AuditJson): AuditJson => ({
  ...audit,
  cells: audit.cells.map((cell) => ({
    ...cell,
    images: cell.images.map((image) => visible(image, audit.originals)),
    ...(cell.frames ? { frames: cell.frames.filter(({ picture }) => isPngDataUri(picture)) } : {}),
  })),
});

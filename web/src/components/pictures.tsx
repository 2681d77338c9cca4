// Pictures: original | reconstruction | difference. The difference is made by the browser from the two pictures (blend mode), so that no
// third one is stored. What may be seen was decided before (src/report/visible-pictures.ts).
import type { AuditJson, ImageJson } from "../../../src/audit/audit-json.js";
import { differenceGain, isPngDataUri } from "../../../src/report/visible-pictures.js";

type Policy = AuditJson["originals"];

/** A picture with its caption, or a box that says why there is none. */
export function Figure({
  caption,
  uri,
  alt,
  absent,
}: {
  caption: string;
  uri: string | null | undefined;
  alt: string;
  absent: string;
}) {
  return (
    <figure>
      {uri && isPngDataUri(uri) ? <img src={uri} alt={alt} decoding="async" /> : <span class="absent">{absent}</span>}
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

const describe = ({ record, label }: ImageJson): string => `picture ${record}, class ${label}`;

export function Original({ image, policy }: { image: ImageJson; policy: Policy }) {
  return (
    <Figure
      caption={policy === "blur" && image.original !== null ? "original, blurred" : "original"}
      uri={image.original}
      alt={`Original of ${describe(image)}`}
      absent={policy === "omit" ? "left out" : (image.reason ?? "none")}
    />
  );
}

export function Reconstruction({ image, caption = "recon\u00adstruction" }: { image: ImageJson; caption?: string }) {
  return (
    <Figure
      caption={caption}
      uri={image.reconstruction}
      alt={`Reconstruction of ${describe(image)}`}
      absent={image.reason ?? "the attack gave none"}
    />
  );
}

/** Absolute difference of original and reconstruction; nothing unless both are there and the original is sharp. */
export function Difference({ image, policy, told = "" }: { image: ImageJson; policy: Policy; told?: string }) {
  const { original, reconstruction, record } = image;
  if (policy !== "show" || original === null || reconstruction === null) return null;
  const label = `Difference between original and reconstruction of record ${record}, brightened ${differenceGain} times; black is equal`;
  return (
    <figure>
      <span class="difference" role="img" aria-label={label}>
        <img src={original} alt="" />
        <img src={reconstruction} alt="" />
      </span>
      <figcaption>
        difference ×{differenceGain}
        {told}
      </figcaption>
    </figure>
  );
}

/** The guess made without any update. */
export function FloorGuess({ image }: { image: ImageJson }) {
  if (!image.floor) return null;
  return (
    <Figure
      caption="guess without update"
      uri={image.floor}
      alt={`Best guess made without the update for ${describe(image)}`}
      absent="none"
    />
  );
}

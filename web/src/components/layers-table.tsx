// Where the gradient of the first batch sits: each parameter's share of it as a bar, and how many directions a weight's part holds.
import type { VulnerabilityJson } from "../../../src/audit/audit-json.js";
import { formatNumber } from "../../../src/report/figures.js";
import { count } from "../../../src/report/words.js";
import { Scroll } from "./text.js";

type Batch = VulnerabilityJson["batches"][number];

const BAR = 120;

export function LayersTable({ batch }: { batch: Batch | undefined }) {
  const layers = batch?.layers;
  if (!batch || !layers) return null;
  const images = count(batch.records.length, "picture");
  return (
    <section aria-labelledby="layers">
      <h2 id="layers">Which layers leak</h2>
      <p>
        The gradient of the first batch ({images}), parameter by parameter. <b>Share</b> is the part of its squared norm
        that sits there: what an attacker who matches gradients looks at most. <b>Rank</b> is how many independent
        directions a weight's part holds, of those that it could hold: a fully connected layer receives one per picture,
        so a rank near the number of pictures says that its rows are mixtures of few inputs, which can be taken apart;
        in a first layer those inputs are the pictures.
      </p>
      <Scroll label="Gradient by layer">
        <table class="board layers">
          <caption class="unseen">Share and rank of the gradient by parameter</caption>
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Shape</th>
              <th scope="col" colSpan={2}>
                Share of the gradient
              </th>
              <th scope="col">Rank</th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <LayerRow key={layer.name} layer={layer} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function LayerRow({ layer: { name, shape, share, rank, fullRank } }: { layer: NonNullable<Batch["layers"]>[number] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{shape.join("×")}</td>
      <td>
        <svg class="bars" width={BAR} height="14" aria-hidden="true">
          <rect y="2" width={share * BAR} height="10" />
        </svg>
      </td>
      <td>{formatNumber(100 * share)} %</td>
      {fullRank === null ? (
        <td class="muted">a vector</td>
      ) : (
        <td>{rank === null ? <span class="muted">too large to decompose</span> : `${rank} of ${fullRank}`}</td>
      )}
    </tr>
  );
}

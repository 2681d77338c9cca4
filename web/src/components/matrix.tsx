// The matrix of the overview: adversaries A to H in rows, attacks in columns, coloured by how much the worst cell let out.
import type { AuditJson } from "../../../src/audit/audit-json.js";
import { formatFigure, formatNumber, scoreOf } from "../../../src/report/figures.js";
import { threatsOf } from "../../../src/report/groups.js";
import { type Matrix, pairOf, type Square } from "../../../src/report/matrix.js";
import { knownLabelsMark, statuses, threatOf, threatRank } from "../../../src/report/words.js";
import { capabilities, threatLetters } from "../../../src/threat/capabilities.js";
import { hashOf } from "../route.js";
import { Letter, Scroll, Stars, StatusTag } from "./text.js";

export function ThreatMatrix({ audit, matrix }: { audit: AuditJson; matrix: Matrix }) {
  const letters = [...new Set([...threatLetters, ...threatsOf(audit)])].sort((a, b) => threatRank(a) - threatRank(b));
  return (
    <>
      <Legend />
      <Scroll label="Adversaries and attacks">
        <table class="matrix">
          <caption class="unseen">What the worst case of every adversary and attack let out</caption>
          <thead>
            <tr>
              <th scope="col">Adversary</th>
              {matrix.attacks.map(({ id, title }) => (
                <th scope="col" key={id}>
                  <a href={hashOf("attacks", id)}>{title}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {letters.map((letter) => (
              <tr key={letter}>
                <RowHead
                  letter={letter}
                  summary={Object.hasOwn(audit.summary, letter) ? audit.summary[letter] : undefined}
                />
                {matrix.attacks.map(({ id }) => (
                  <td key={id}>
                    <Entry square={matrix.squares.get(pairOf(letter, id))} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

const Legend = () => (
  <ul class="legend">
    {([1, 2, 3, 4] as const).map((band) => (
      <li key={band}>
        <span class={`tag leak band-${band}`}>● up to {25 * band} % leaked</span>
      </li>
    ))}
    {(["resisted", "unknown", "not-applicable"] as const).map((status) => (
      <li key={status}>
        <StatusTag status={status} />
      </li>
    ))}
    <li class="muted">Stars: how realistic the adversary is, out of four.</li>
  </ul>
);

function RowHead({ letter, summary }: { letter: string; summary: AuditJson["summary"][string] | undefined }) {
  const threat = threatOf(letter);
  const held = threat?.capabilities.map((capability) => capabilities[capability].title.toLowerCase()).join(", ");
  return (
    <th scope="row">
      <Letter letter={letter} /> {threat?.title ?? summary?.title} <Stars letter={letter} />
      {threat && <small>{threat.who}</small>}
      {held && <small class="has">has: {held}</small>}
      {summary && <small>score {summary.score === null ? "undecided" : `${formatNumber(summary.score)} of 1`}</small>}
    </th>
  );
}

function Entry({ square }: { square: Square | undefined }) {
  if (!square) return <span class="entry empty">not tried</span>;
  const { worst, status, band, tried, stopping } = square;
  const { glyph, word } = statuses[status];
  const best = scoreOf(worst.scores, "psnr")?.best ?? null;
  const floor = scoreOf(worst.floor, "psnr")?.best ?? null;
  const leaked = worst.images.filter((image) => image.leaked).length;
  return (
    <a class={`entry ${status} band-${band}`} href={hashOf("attacks", square.attack, { threat: square.threat })}>
      <span class="word">
        {glyph} {word}
        {status === "leak" && ` ${leaked} of ${worst.images.length}`}
      </span>
      {best !== null && (
        <span class="figure">
          {formatFigure("psnr", best)}{" "}
          <span class="floor">floor {floor === null ? "none" : formatFigure("psnr", floor)}</span>
        </span>
      )}
      {best !== null && worst.recipe.labels === "known" && <span class="floor">{knownLabelsMark}</span>}
      {status === "leak" && tried.length > 0 && (
        <span class="floor">
          {stopping.length > 0 ? `stopped by ${stopping.join(", ")}` : `no defense of ${tried.length} held`}
        </span>
      )}
    </a>
  );
}

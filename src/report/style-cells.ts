// The part of the style sheet for the overview, the findings and the cells.

const filtered = (status: string) =>
  `#cells:has(#only-${status}:checked) .cell:not(.${status}):not(:has(:target)) { display: none; }`;

export const cellStyle = `
.legend { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; padding: 0; max-width: none; font-size: 0.9rem; align-items: center; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.matrix { border-spacing: 6px; margin-inline: -6px; font-size: 0.9rem; }
.matrix th { text-align: left; font-weight: 600; vertical-align: bottom; line-height: 1.3; }
.matrix thead th { padding: 0.2rem 0.5rem; min-width: 7.2rem; overflow-wrap: normal; }
.matrix thead th[colspan] { border-bottom: 2px solid var(--line); }
.matrix thead tr + tr th { font-weight: 400; color: var(--muted); }
.matrix tbody th { width: 15rem; min-width: 11rem; vertical-align: top; padding: 0.4rem 0.6rem 0.4rem 0; position: sticky; left: 0; background: var(--ground); z-index: 1; }
.matrix td { padding: 0; vertical-align: top; height: 1px; min-width: 7.2rem; }
.letter { display: inline-grid; place-items: center; width: 1.6em; height: 1.6em; border-radius: 6px; background: var(--ink); color: var(--ground); font-weight: 700; margin-right: 0.2em; }
.stars { letter-spacing: 0.05em; color: var(--medium); font-weight: 400; white-space: nowrap; }
.entry { display: grid; align-content: start; gap: 0.05rem; height: 100%; min-height: 5rem; padding: 0.55rem 0.7rem; border-radius: 8px; border: 1px solid var(--grey-line); background-color: var(--grey-ground); color: var(--grey); text-decoration: none; }
.entry + .entry { margin-top: 4px; height: auto; }
.entry:hover { border-color: currentColor; }
.entry .word { font-weight: 650; }
.entry .best { font-size: 1.1rem; font-weight: 650; }
.entry .floor { font-size: 0.8rem; }
.entry.leak { background-color: var(--leak-ground); border-color: var(--leak-line); color: var(--leak); }
.entry.resisted { background-color: var(--resisted-ground); border-color: var(--resisted-line); color: var(--resisted); }
.entry.not-applicable { background-color: transparent; border-style: dashed; }
.empty { padding: 0.55rem 0.7rem !important; font-size: 0.8rem; }
.findings { list-style: none; padding: 0; max-width: none; display: grid; gap: 1rem; }
.finding { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--grey-line); border-radius: 10px; padding: 1rem 1.25rem; }
.finding.high { border-left-color: var(--leak); }
.finding.medium, .finding.low { border-left-color: var(--medium); }
.finding.info { border-left-color: var(--accent); }
.finding p { margin-bottom: 0.5em; }
.finding p:last-child { margin: 0; }
.filter { display: flex; flex-wrap: wrap; gap: 0.4rem; border: 0; padding: 0; margin: 0 0 1.2rem; align-items: center; }
.filter legend { float: left; padding: 0; margin-right: 0.6rem; color: var(--muted); }
.filter input { position: absolute; opacity: 0; }
.filter span { display: block; padding: 0.25rem 0.8rem; border: 1px solid var(--grey-line); border-radius: 99px; font-size: 0.9rem; cursor: pointer; }
.filter input:checked + span { background: var(--ink); border-color: var(--ink); color: var(--ground); }
.filter input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
${["leak", "resisted", "unknown", "error", "not-applicable"].map(filtered).join("\n")}
.cell { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--grey-line); border-radius: 10px; padding: clamp(1rem, 2.5vw, 1.6rem); margin-bottom: 1.2rem; }
.cell .body { scroll-margin-top: 12rem; }
.cell .body > :last-child { margin-bottom: 0; }
.cell:has(:target) { box-shadow: 0 0 0 3px var(--accent); }
.cell.leak { border-top-color: var(--leak); }
.cell.resisted { border-top-color: var(--resisted); }
.cell.not-applicable { background: transparent; border-style: dashed; border-top-width: 1px; }
.cell header h3 { font-size: 1.2rem; margin-top: 0.5rem; }
.cell header p { font-size: 0.9rem; }
.cell > :last-child { margin-bottom: 0; }
.cell.not-applicable header p { margin-bottom: 0.4em; }
.reason { background: var(--grey-ground); border-radius: 8px; padding: 0.6rem 0.9rem; max-width: none; }
.cell.not-applicable .reason { background: none; padding: 0; }
.pictures { list-style: none; padding: 0; max-width: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 29rem), 1fr)); gap: 1.4rem 1.6rem; margin-bottom: 1.4rem; }
.pictures .strip figure { width: clamp(5.6rem, 27%, 6.6rem); }
.pictures .name { margin: 0 0 0.4rem; font-weight: 600; font-size: 0.95rem; }
.pictures .figures { margin: 0.4rem 0 0; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.figures span { margin-right: 0.8em; white-space: nowrap; }
.figures span.muted { white-space: normal; }
.figures abbr { color: var(--muted); text-decoration: none; text-transform: uppercase; font-size: 0.92em; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 29rem), 1fr)); gap: 1.2rem 2.2rem; margin-bottom: 1rem; }
.columns > div { min-width: 0; }
.figures-table { width: 100%; font-size: 0.88rem; }
.figures-table caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
.figures-table th, .figures-table td { text-align: right; padding: 0.4rem 0.5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.figures-table th:first-child { text-align: left; padding-left: 0; }
.figures-table thead th { font-weight: 400; color: var(--muted); vertical-align: bottom; overflow-wrap: normal; }
.figures-table td { white-space: nowrap; }
.figures-table td:nth-child(2) { font-weight: 650; }
dl { margin: 0 0 1rem; }
dd { margin: 0; }
.controls { margin-top: 1rem; display: grid; gap: 0.7rem; font-size: 0.9rem; }
.controls dt { color: var(--muted); }
.control { display: inline-grid; place-items: center; width: 1.4em; height: 1.4em; border-radius: 50%; font-weight: 700; background: var(--grey-ground); color: var(--grey); }
.control.good { background: var(--resisted-ground); color: var(--resisted); }
.terms > div { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0.2rem 1.2rem; padding-block: 0.4rem; border-bottom: 1px solid var(--line); font-size: 0.9rem; }
.terms dt { color: var(--muted); }
.terms.wide > div { font-size: 1rem; }
.terms.wide dd { max-width: 70ch; }
.terms.wide dt { color: var(--ink); font-weight: 600; }
#reading h3 { margin-top: 2rem; }
.chart svg { display: block; width: 100%; max-width: 36rem; height: auto; font-size: 11px; }
.chart text { fill: var(--muted); }
.chart .grid { stroke: var(--line); }
.chart .axis { stroke: var(--grey-line); }
.chart polyline { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.notes { font-size: 0.9rem; padding-left: 1.2rem; }
@media (max-width: 40rem) {
  .pictures .strip { display: grid; grid-template-columns: repeat(2, 1fr); }
  .pictures .strip figure { width: auto; }
  .figures-table { font-size: 0.82rem; }
  .figures-table th, .figures-table td { padding-inline: 0.25rem; }
  .terms > div { grid-template-columns: 1fr; }
  .matrix tbody th { min-width: 8.5rem; width: 8.5rem; }
  .matrix tbody th small:first-of-type { display: none; }
}`;

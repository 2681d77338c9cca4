// The style sheet of the report: light and dark, 390 to 1440 pixels, print. System fonts; text on its ground has a contrast of 4.5 or more.
import { differenceGain } from "./pictures.js";
import { cellStyle } from "./style-cells.js";

const colours = {
  light: `
  --ground: #faf9f7; --card: #ffffff; --ink: #1d1c1a; --muted: #5f5b55; --line: #e3dfd8; --accent: #1f4f8f;
  --leak: #a3201a; --leak-ground: #fbe6e2; --leak-line: #d9867c;
  --resisted: #0b5f55; --resisted-ground: #dff1ed; --resisted-line: #7dbdb1;
  --grey: #55534f; --grey-ground: #ebe9e5; --grey-line: #bdb8b0;
  --medium: #7a4b00; --medium-ground: #fdf0d5; --hatch: #e6e3dd;`,
  dark: `
  --ground: #161615; --card: #1f1f1d; --ink: #eeece7; --muted: #aaa69e; --line: #363531; --accent: #9dc1f5;
  --leak: #ffb4a8; --leak-ground: #4a1c18; --leak-line: #8f4038;
  --resisted: #8fdccb; --resisted-ground: #113a34; --resisted-line: #2f7367;
  --grey: #c2beb6; --grey-ground: #33322f; --grey-line: #5b5852;
  --medium: #f2cd8a; --medium-ground: #42310f; --hatch: #2b2a28;`,
};

const base = `
*, *::before, *::after { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, .top { max-width: 76rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
h1, h2, h3 { line-height: 1.15; letter-spacing: -0.015em; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.7rem, 3.6vw, 2.6rem); font-weight: 680; letter-spacing: -0.025em; margin: 0.4em 0 0.35em; max-width: 34ch; }
h2 { font-size: clamp(1.35rem, 2.4vw, 1.75rem); margin: 0 0 0.6em; }
h3 { font-size: 1.1rem; margin: 0 0 0.4em; }
p, li, dd, dt, td, th, summary, figcaption { overflow-wrap: anywhere; }
p, ul, ol { margin: 0 0 0.8em; max-width: 75ch; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
small { display: block; font-weight: 400; font-size: 0.8rem; color: var(--muted); line-height: 1.4; }
code { font: 0.85em ui-monospace, "SF Mono", Menlo, Consolas, monospace; color: var(--muted); overflow-wrap: anywhere; }
pre { font: 0.8rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-x: auto; background: var(--grey-ground); padding: 1rem; border-radius: 8px; }
summary { cursor: pointer; padding-block: 0.3rem; color: var(--accent); }
section { margin-block: clamp(2.5rem, 6vw, 4.5rem); scroll-margin-top: 1rem; }
.muted { color: var(--muted); font-weight: 400; }
.lead { font-size: 1.05rem; color: var(--muted); }
.unseen, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.scroll { overflow-x: auto; }
.top { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; justify-content: space-between; align-items: baseline; padding-top: 1.25rem; }
.brand { font-weight: 700; letter-spacing: -0.01em; }
.top nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.9rem; }
.top nav a { text-decoration: none; padding-block: 0.25rem; }
.top nav a:hover { text-decoration: underline; }
.tag { display: inline-block; padding: 0.1em 0.7em; border-radius: 99px; font-size: 0.85rem; font-weight: 600; white-space: nowrap; background: var(--grey-ground); color: var(--grey); }
.tag.leak, .tag.high { background: var(--leak-ground); color: var(--leak); }
.tag.resisted { background: var(--resisted-ground); color: var(--resisted); }
.tag.medium, .tag.low { background: var(--medium-ground); color: var(--medium); }
.tag.not-applicable, .entry.not-applicable { background: repeating-linear-gradient(135deg, var(--hatch) 0 4px, transparent 4px 9px); color: var(--muted); }
.assumption { color: var(--medium); font-weight: 600; }`;

const first = `
.first { margin-block: clamp(1.25rem, 3vw, 2.25rem) 0; }
.first > p:has(.tag) { margin: 0; }
.first .detail { font-size: clamp(1.05rem, 1.6vw, 1.2rem); color: var(--muted); max-width: 80ch; margin-bottom: 1.2em; }
.banner { background: var(--grey-ground); border-left: 4px solid var(--grey); padding: 0.7rem 1rem; border-radius: 4px; margin-bottom: 1.2rem; }
.exhibit { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: clamp(0.9rem, 2.5vw, 1.6rem); margin-bottom: 1.6rem; }
.exhibit .strip { display: grid; grid-template-columns: repeat(4, minmax(0, 15.5rem)); gap: clamp(0.6rem, 2vw, 1.6rem); }
@media (max-width: 40rem) { .exhibit .strip { grid-template-columns: repeat(2, 1fr); } }
.exhibit figcaption { font-size: 0.9rem; color: var(--ink); }
.exhibit > p { margin: 0.9rem 0 0; font-size: 0.9rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1.25rem 2rem; }
.facts > div { border-top: 2px solid var(--line); padding-top: 0.8rem; }
.facts h2 { font-size: 0.95rem; margin-bottom: 0.4em; letter-spacing: 0; }
.facts p { margin-bottom: 0.35em; }
.facts .muted { font-size: 0.9rem; }
.facts .advice { border-top-color: var(--accent); }
.policy { margin: 1.5rem 0 0; font-size: 0.9rem; color: var(--muted); max-width: none; }
.policy strong { color: var(--ink); }
.strip { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: flex-start; }
figure { margin: 0; }
.strip figure img, .absent { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--grey-ground); image-rendering: pixelated; }
.absent { display: grid; place-items: center; aspect-ratio: 1; padding: 0.5rem; font-size: 0.8rem; text-align: center; color: var(--grey); }
.difference { display: grid; isolation: isolate; overflow: hidden; filter: brightness(${differenceGain}); background: #000; }
.difference img { grid-area: 1 / 1; border-radius: 0 !important; }
.difference img + img { mix-blend-mode: difference; }
figcaption { font-size: 0.8rem; color: var(--muted); line-height: 1.35; margin-top: 0.35rem; }`;

const print = `
@media print {
  html, body { background: #fff; font-size: 10pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .top nav, .filter, .skip { display: none; }
  .cell, .finding, .pictures li, tr { break-inside: avoid; }
  section { margin-block: 1.5rem; }
  .scroll { overflow: visible; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }`;

/** The whole style sheet. Constant: the content policy of the page carries its hash. */
export const styleSheet = `:root { color-scheme: light dark;${colours.light} }
@media screen and (prefers-color-scheme: dark) { :root {${colours.dark} } }
${base}
${first}
${cellStyle}
${print}
`;

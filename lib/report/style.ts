import { font } from "./theme.js";

/** The style sheet of every page: for a desk, for a telephone, for paper. */
export const css = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(0.8rem, 3vw, 2rem) 3rem; max-width: 66rem; font: 16px/1.5 ${font}; color: #1a1a1a; background: #fff; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.4rem 0 0.8rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.4rem 0 0.6rem; }
nav ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 0.2rem 1.5rem; padding: 0; list-style: none; }
a { color: #00558a; }
figure { margin: 0; }
figcaption { margin: 0.6rem 0; max-width: 48rem; }
.chart { touch-action: pan-y pinch-zoom; }
.chart svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.files { margin: 0.3rem 0; font-size: 0.875rem; }
.scroll { overflow-x: auto; }
.scroll th, .scroll td { white-space: nowrap; }
table { border-collapse: collapse; margin: 0.6rem 0; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; caption-side: top; color: #444; padding-bottom: 0.3rem; }
caption span { display: block; position: sticky; left: 0; width: max-content; max-width: min(48rem, calc(100vw - 1.8rem)); white-space: normal; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid #ddd; }
th { border-bottom-color: #666; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, .chart:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px; }
th button::after { content: "\\2195"; margin-left: 0.3em; color: #888; font-weight: 400; }
th[aria-sort="ascending"] button::after { content: "\\2191"; color: #1a1a1a; }
th[aria-sort="descending"] button::after { content: "\\2193"; color: #1a1a1a; }
td p { margin: 0.2rem 0; }
pre, code { font: 0.82rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f5; padding: 0.6rem 0.8rem; margin: 0.4rem 0; border-radius: 4px; }
details { margin: 0.4rem 0; }
summary { cursor: pointer; color: #444; }
progress { width: 100%; }
#tip, #dot { position: absolute; pointer-events: none; }
#tip { max-width: min(20rem, calc(100vw - 8px)); padding: 0.3rem 0.6rem; background: #fff; border: 1px solid; border-left-width: 5px; border-radius: 4px; box-shadow: 0 1px 6px #0004; font-size: 0.8125rem; line-height: 1.4; overflow-wrap: anywhere; }
#dot { width: 12px; height: 12px; margin: -6px 0 0 -6px; border: 2.5px solid; border-radius: 50%; }
.verdict { white-space: nowrap; font-weight: 600; }
.holds { color: #00614a; }
.partly { color: #7a5200; }
.not { color: #a33b00; }
@media (max-width: 46rem) {
  .wide { display: none; }
  .narrow { display: block; }
  .narrow svg { margin: 0 auto; }
  .claims, .claims thead, .claims tbody, .claims tr, .claims td { display: block; }
  .claims thead tr { display: flex; gap: 1.2rem; }
  .claims td { border: 0; padding: 0.1rem 0; }
  .claims tbody tr { border-bottom: 1px solid #ddd; padding: 0.5rem 0; }
}
@media print {
  @page { margin: 16mm 14mm; }
  :root { font-size: 12px; }
  body { max-width: none; padding: 0; font-size: 1rem; }
  nav, .files, #tip, #dot { display: none; }
  th button::after { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  .wide svg { max-height: 200mm; }
  .together, .scroll tr { break-inside: avoid; }
  caption span { position: static; width: auto; }
  h2, caption, thead { break-after: avoid; }
  .claims { display: table; }
  .claims thead { display: table-header-group; }
  .claims tbody { display: table-row-group; }
  .claims tr, .claims thead tr { display: table-row; }
  .claims td { display: table-cell; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid #ddd; }
  .scroll { overflow: visible; }
  .scroll th, .scroll td { white-space: normal; padding-right: 0.5rem; }
  pre { background: none; border: 1px solid #ddd; }
}
`;

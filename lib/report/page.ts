import { escapeHtml, responsive } from "./chart.js";
import { font } from "./theme.js";

/** A table; the first row of cells is the head. */
export interface PageTable {
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A claim with its verdict and what it rests on. */
export interface PageClaim {
  readonly verdict: "holds" | "holds partly" | "does not hold" | "not measured";
  readonly statement: string;
  readonly measured: string;
  readonly source: string;
  readonly estimator: string;
  readonly test: string;
}

/** A figure with its data as a table. */
export interface PageFigure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** SVG with panels side by side, and below each other for narrow screens; ids inside must differ. */
  readonly wide: string;
  readonly narrow: string;
  readonly table: PageTable;
  /** The command that makes the figure, and one that runs a single trial of it. */
  readonly commands: readonly string[];
  /** What the trials have in common and in what they differ, one line each. */
  readonly configuration: readonly string[];
}

/** A report: claims, figures, tables, environment. */
export interface Page {
  readonly title: string;
  /** Paragraphs. */
  readonly lead: readonly string[];
  readonly command: string;
  /** None: the page has no section about them. */
  readonly claims: readonly PageClaim[];
  /** Before the figures. */
  readonly tables?: readonly PageTable[];
  readonly figures: readonly PageFigure[];
  /** Name and value: machine, versions, times. */
  readonly environment: readonly (readonly [string, string])[];
}

const css = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(0.8rem, 3vw, 2rem) 3rem; max-width: 64rem; font: 16px/1.5 ${font}; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.4rem 0 0.8rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.4rem 0 0.6rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; padding: 0; list-style: none; }
a { color: #00558a; }
figure { margin: 0; }
figcaption { margin: 0.6rem 0; max-width: 48rem; }
.narrow { display: none; }
.scroll { overflow-x: auto; }
.scroll th, .scroll td { white-space: nowrap; }
table { border-collapse: collapse; margin: 0.6rem 0; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; caption-side: top; color: #444; padding-bottom: 0.3rem; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid #ddd; }
th { border-bottom-color: #666; }
td p { margin: 0.2rem 0; }
pre, code { font: 0.82rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f5; padding: 0.6rem 0.8rem; margin: 0.4rem 0; border-radius: 4px; }
details { margin: 0.4rem 0; }
summary { cursor: pointer; color: #444; }
.verdict { white-space: nowrap; font-weight: 600; }
.holds { color: #00614a; }
.partly { color: #7a5200; }
.not { color: #a33b00; }
@media (max-width: 46rem) {
  .wide { display: none; }
  .narrow { display: block; }
  .claims thead { display: none; }
  .claims tr, .claims td { display: block; border: 0; padding: 0.1rem 0; }
  .claims tr { border-bottom: 1px solid #ddd; padding: 0.5rem 0; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  figure, tr { break-inside: avoid; }
  h2, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  .scroll th, .scroll td { white-space: normal; padding-right: 0.5rem; }
}
`;

const verdicts = {
  holds: { mark: "✓", style: "holds" },
  "holds partly": { mark: "◐", style: "partly" },
  "does not hold": { mark: "✗", style: "not" },
  "not measured": { mark: "?", style: "not" },
} as const;

function tableHtml({ caption, header, rows }: PageTable): string {
  const cells = (tag: string, row: readonly string[]) => `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return (
    `<div class="scroll"><table><caption>${escapeHtml(caption)}</caption><thead>${cells("th", header)}</thead>` +
    `<tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`
  );
}

function claimsHtml(claims: readonly PageClaim[]): string {
  const rows = claims.map((claim) => {
    const { mark, style } = verdicts[claim.verdict];
    return (
      `<tr><td class="verdict ${style}">${mark} ${claim.verdict}</td><td>${escapeHtml(claim.statement)}` +
      `<details><summary>source and test</summary><p>${escapeHtml(claim.source)}.</p><p><b>Estimator:</b> ${escapeHtml(claim.estimator)}</p>` +
      `<p><b>Test:</b> ${escapeHtml(claim.test)}</p></details></td><td>${escapeHtml(claim.measured)}</td></tr>`
    );
  });
  return `<table class="claims"><thead><tr><th>verdict</th><th>claim</th><th>measured</th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

function figureHtml(figure: PageFigure, number: number): string {
  const label = `Figure ${number}: ${figure.title}`;
  return `<section id="${escapeHtml(figure.id)}">
<h2>Figure ${number}. ${escapeHtml(figure.title)}</h2>
<figure>
<div class="wide">${responsive(figure.wide, label)}</div>
<div class="narrow">${responsive(figure.narrow, label)}</div>
<figcaption>${escapeHtml(figure.caption)}</figcaption>
</figure>
${tableHtml(figure.table)}
<details><summary>configuration and commands</summary>
${figure.commands.map((command) => `<pre>${escapeHtml(command)}</pre>`).join("\n")}
<pre>${figure.configuration.map(escapeHtml).join("\n")}</pre>
</details>
</section>`;
}

/** One HTML page that needs nothing else: no script, no font, no network. */
export function pageHtml(page: Page): string {
  const links = page.figures.map(({ id, title }, i) => `<li><a href="#${escapeHtml(id)}">Figure ${i + 1}: ${escapeHtml(title)}</a></li>`);
  const environment = page.environment.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
<h1>${escapeHtml(page.title)}</h1>
${page.lead.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join("\n")}
<pre>${escapeHtml(page.command)}</pre>
<nav><ul>${page.claims.length ? `<li><a href="#claims">Claims</a></li>` : ""}${links.join("")}<li><a href="#environment">Environment</a></li></ul></nav>
${page.claims.length ? `<section id="claims">\n<h2>Claims</h2>\n${claimsHtml(page.claims)}\n</section>` : ""}
${(page.tables ?? []).map(tableHtml).join("\n")}
${page.figures.map((figure, i) => figureHtml(figure, i + 1)).join("\n")}
<section id="environment">
<h2>Environment</h2>
<div class="scroll"><table><tbody>${environment.join("")}</tbody></table></div>
</section>
</body>
</html>
`;
}

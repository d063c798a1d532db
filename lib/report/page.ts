import { createHash } from "node:crypto";
import { type Chart, escapeHtml, responsive } from "./chart.js";
import { script } from "./script.js";
import { css } from "./style.js";

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
  /** Drawn with panels side by side, and below each other for narrow screens; ids inside must differ. */
  readonly wide: Chart;
  readonly narrow: Chart;
  /** Files beside the page that hold the figure: name and address. */
  readonly files?: readonly (readonly [string, string])[];
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

const verdicts = {
  holds: { mark: "✓", style: "holds" },
  "holds partly": { mark: "◐", style: "partly" },
  "does not hold": { mark: "✗", style: "not" },
  "not measured": { mark: "?", style: "not" },
} as const;

const headHtml = (names: readonly string[]) =>
  `<thead><tr>${names.map((name) => `<th scope="col" aria-sort="none"><button type="button">${escapeHtml(name)}</button></th>`).join("")}</tr></thead>`;

/** A table whose columns sort. */
export function tableHtml({ caption, header, rows }: PageTable): string {
  const cells = (row: readonly string[]) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
  return (
    `<div class="scroll"><table><caption><span>${escapeHtml(caption)}</span></caption>${headHtml(header)}` +
    `<tbody>${rows.map(cells).join("")}</tbody></table></div>`
  );
}

/** A figure whose values can be read with a pointer, a finger or the arrow keys. */
function chartHtml({ svg, values }: Chart, label: string): string {
  // In single quotes, as JSON is full of double ones.
  const data = JSON.stringify(values.map(({ color, keys, places }) => [color, keys, places]))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&#39;");
  const name = escapeHtml(`${label}; the arrow keys read its values`);
  return `<div class="chart" tabindex="0" role="application" aria-label="${name}" data-values='${data}'>${responsive(svg, label)}</div>`;
}

/** Both drawings of a figure, of which the page shows one. */
export const chartsHtml = ({ wide, narrow }: Pick<PageFigure, "wide" | "narrow">, label: string): string =>
  `<div class="wide">${chartHtml(wide, label)}</div>\n<div class="narrow">${chartHtml(narrow, label)}</div>`;

function claimsHtml(claims: readonly PageClaim[]): string {
  const rows = claims.map((claim) => {
    const { mark, style } = verdicts[claim.verdict];
    return (
      `<tr><td class="verdict ${style}">${mark} ${claim.verdict}</td><td>${escapeHtml(claim.statement)}` +
      `<details><summary>source and test</summary><p>${escapeHtml(claim.source)}.</p><p><b>Estimator:</b> ${escapeHtml(claim.estimator)}</p>` +
      `<p><b>Test:</b> ${escapeHtml(claim.test)}</p></details></td><td>${escapeHtml(claim.measured)}</td></tr>`
    );
  });
  return `<table class="claims">${headHtml(["verdict", "claim", "measured"])}<tbody>${rows.join("\n")}</tbody></table>`;
}

function figureHtml(figure: PageFigure, number: number): string {
  const label = `Figure ${number}: ${figure.title}`;
  const files = (figure.files ?? []).map(([name, address]) => `<a href="${escapeHtml(address)}">${escapeHtml(name)}</a>`);
  return `<section id="${escapeHtml(figure.id)}">
<div class="together">
<h2>Figure ${number}. ${escapeHtml(figure.title)}</h2>
<figure>
${chartsHtml(figure, label)}
<figcaption>${escapeHtml(figure.caption)}</figcaption>
</figure>
</div>
${files.length ? `<p class="files">${files.join(" · ")}</p>` : ""}
${tableHtml(figure.table)}
<details><summary>command, configuration, seeds</summary>
${figure.commands.map((command) => `<pre>${escapeHtml(command)}</pre>`).join("\n")}
<pre>${figure.configuration.map(escapeHtml).join("\n")}</pre>
</details>
</section>`;
}

// Nothing is fetched, and no script runs but the page's own.
const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** One HTML page that needs nothing else: no other file, no font, no network. */
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
<meta http-equiv="Content-Security-Policy" content="${policy}">
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
<script>${script}</script>
</body>
</html>
`;
}

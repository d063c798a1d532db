/**
 * Figures without a browser: Vega-Lite specifications to SVG and PNG, and pages that open offline.
 *
 * @packageDocumentation
 */
export { type Chart, complete, drawChart, responsive, type Spec, toSvg } from "./chart.js";
export type { Place, Readable } from "./hover.js";
export { type EndLabel, endLabels, type LabelAxis, labelRoom } from "./labels.js";
export { type Page, type PageClaim, type PageFigure, type PageTable, pageHtml } from "./page.js";
export { toPng } from "./png.js";
export { config, type Layout, logAxis, logDomain, palette, type Style } from "./theme.js";

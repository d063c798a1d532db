export { type Chart, complete, drawChart, responsive, type Spec, toSvg } from "./chart.js";
export type { Readable } from "./hover.js";
export { type EndLabel, endLabels, type LabelAxis, labelRoom } from "./labels.js";
export { type Page, type PageClaim, type PageFigure, type PageTable, pageHtml } from "./page.js";
export { toPng } from "./png.js";
export { config, type Layout, logAxis, logDomain, palette, type Style } from "./theme.js";

export { complete, responsive, type Spec, toSvg } from "./chart.js";
export { type Page, type PageClaim, type PageFigure, type PageTable, pageHtml } from "./page.js";
export { config, type Layout, logAxis, logDomain, palette, type Style } from "./theme.js";

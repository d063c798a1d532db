export { type SweepAxes, type SweepOptions, type SweepResult, sweep } from "./api.js";
export { StoreError } from "./errors.js";
export { type ExportFormat, exportFormats, writeTable } from "./export.js";
export type { Search } from "./plan.js";
export type { Place, Row } from "./row.js";
export type { Counts, Outcome, RunOptions } from "./run.js";
export { type Entry, type Manifest, RunFolder } from "./store.js";
export { type Cell, type Column, seriesTable, type Table, type TableOptions, trialTable } from "./table.js";

export { type SweepAxes, type SweepOptions, type SweepResult, sweep } from "./api.js";
export { StoreError } from "./errors.js";
export { type ExportFormat, exportFormats, writeTable } from "./export.js";
export type { Row } from "./journal.js";
export type { Search } from "./plan.js";
export type { Outcome, RunOptions } from "./run.js";
export { type Manifest, RunFolder } from "./store.js";
export { type Cell, type Column, seriesTable, type Table, trialTable } from "./table.js";

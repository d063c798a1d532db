import { extname, join, resolve } from "node:path";
import { unknownName } from "../experiments/config.js";
import { type ExportFormat, exportFormats, writeTable } from "../experiments/sweep/export.js";
import { RunFolder } from "../experiments/sweep/store.js";
import { seriesTable, trialTable } from "../experiments/sweep/table.js";

interface Options {
  format?: string;
  out?: string;
  series?: boolean;
  timing?: boolean;
}

/** `layerwise export DIR` */
export async function exportResults(dir: string, options: Options): Promise<void> {
  const folder = RunFolder.open(dir);
  const named = options.format ?? (options.out ? extname(options.out).slice(1) : "parquet");
  if (!(exportFormats as readonly string[]).includes(named)) throw unknownName("format", named, exportFormats);
  const format = named as ExportFormat;
  const path = resolve(options.out ?? join(folder.path, `${options.series ? "series" : "results"}.${format}`));
  const table = options.series ? seriesTable(folder) : trialTable(folder, { timing: options.timing });
  const { experiment, version, axes } = folder.manifest;
  const count = await writeTable(path, format, table, {
    "layerwise.experiment": experiment,
    "layerwise.version": version,
    "layerwise.axes": JSON.stringify(axes),
  });
  console.log(path);
  process.stderr.write(`${count} rows of ${table.columns.length} columns\n`);
}

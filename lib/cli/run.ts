import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAssignments, parseConfig, runTrial, type Series, type StoredMetrics } from "../experiments/index.js";
import { findExperiment } from "../experiments/sweep/session.js";
import { resultFolder, table } from "./output.js";

const number = (value: unknown) =>
  typeof value === "number" ? String(Number(value.toPrecision(6))) : value === null ? "—" : String(value);

/** Nested metrics as dotted names. */
function flatten(metrics: StoredMetrics, prefix = ""): [string, string][] {
  return Object.entries(metrics).flatMap(([name, value]): [string, string][] =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? flatten(value, `${prefix}${name}.`)
      : [[prefix + name, Array.isArray(value) ? value.map(number).join(", ") : number(value)]],
  );
}

function csv(series: Series): string {
  const columns = Object.keys(series);
  const rows = series[columns[0]!]?.map((_, i) => columns.map((column) => series[column]![i] ?? "").join(",")) ?? [];
  return `${[columns.join(","), ...rows].join("\n")}\n`;
}

/** `layerwise run EXPERIMENT` */
export async function run(id: string, options: { set?: string[]; json?: boolean; out?: string }): Promise<void> {
  const { experiment } = await findExperiment(id, process.cwd());
  const config = parseConfig(experiment, parseAssignments(experiment, options.set ?? []));
  const folder = options.out === undefined ? undefined : resultFolder(options.out, "result.json");
  const started = performance.now();
  const result = await runTrial(experiment, config);
  if (experiment.timed) result.metrics.wallSeconds = (performance.now() - started) / 1000;
  if (folder !== undefined) {
    writeFileSync(join(folder, "result.json"), `${JSON.stringify(result, null, 2)}\n`);
    writeFileSync(join(folder, "series.csv"), csv(result.series));
  }
  if (options.json) {
    console.log(JSON.stringify(result));
  } else {
    console.log(table(["metric", "value"], flatten(result.metrics)));
  }
}

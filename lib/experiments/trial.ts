import { createHash } from "node:crypto";
import { Stream } from "../random/index.js";
import { type Config, parseConfig } from "./config.js";
import type { AnyExperiment, Metric } from "./define.js";

/** A metric as it is stored: no undefined, no NaN, no infinity. */
export type StoredMetric = number | boolean | string | null | StoredMetric[] | { [name: string]: StoredMetric };
/** Stored metrics by name. */
export type StoredMetrics = { [name: string]: StoredMetric };

/** Columns of equal length. */
export type Series = { [column: string]: (number | null)[] };

/** What a trial yields: a function of the experiment and the configuration only, bit for bit. */
export interface TrialResult {
  experiment: string;
  config: Config;
  metrics: StoredMetrics;
  series: Series;
}

/** The same object with its keys sorted at every level, so that equal configurations have equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical((value as Record<string, unknown>)[key])]),
  );
}

/**
 * Identity of a trial: a hash of the experiment's id, its complete configuration (seed included) and, where results are kept,
 * the version of the code.
 */
export function trialId(experiment: string, config: Config, version?: string): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical({ experiment, config, version })))
    .digest("hex")
    .slice(0, 32);
}

const finite = (value: number | null | undefined) => (typeof value === "number" && Number.isFinite(value) ? value : null);

function stored(value: Metric): StoredMetric {
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(stored);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, stored(inner as Metric)]));
  }
  return finite(value as number | null | undefined);
}

/**
 * Runs one trial. `config` may be partial: it is checked and completed by the experiment's schema.
 * @throws ConfigError for a bad configuration; whatever the trial throws.
 */
export async function runTrial(experiment: AnyExperiment, config: Readonly<Record<string, unknown>> = {}): Promise<TrialResult> {
  const complete = parseConfig(experiment, config);
  const series: Series = {};
  let columns: string[] | undefined;
  let rows = 0;
  const record = (row: Readonly<Record<string, number | null | undefined>>) => {
    columns ??= Object.keys(row);
    for (const column of columns) {
      series[column] ??= [];
      series[column].push(finite(row[column]));
    }
    rows++;
    const extra = Object.keys(row).find((column) => !columns!.includes(column));
    if (extra) throw new Error(`${experiment.id}: row ${rows} records ${extra}, which the first row did not`);
  };
  const seed = typeof complete.seed === "number" ? complete.seed : 0;
  const metrics = await experiment.trial(complete, { stream: new Stream(seed, experiment.id), record });
  return { experiment: experiment.id, config: complete, metrics: stored(metrics) as StoredMetrics, series };
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Environment } from "../environment.js";
import type { Timing, Trial, TrialRecord } from "../executor.js";
import { reason, StoreError } from "../sweep/errors.js";
import { type Figure, Results, type Settings } from "./figure.js";
import { allFigures } from "./index.js";

/** What a report is made of. */
export interface Reproduction {
  readonly figures: readonly Figure[];
  readonly settings: Settings;
  readonly results: Results;
  /** Every trial, in the order in which it was planned. */
  readonly trials: readonly Trial[];
  readonly environment: Environment;
  readonly wallSeconds: number;
}

/** The file of a report that holds every trial with its series: what it can be drawn again from. */
export const trialsFile = "trials.jsonl.gz";

/** One line per trial, in the order in which they were planned; the same bytes for the same settings. */
export function packTrials(trials: readonly Trial[], results: Results): Uint8Array {
  const byId = new Map([...results].map((record) => [record.id, record]));
  const lines = trials.map((trial) => {
    const record = byId.get(trial.id)!;
    const outcome = record.status === "ok" ? { metrics: record.metrics, series: record.series } : { error: record.error };
    return `${JSON.stringify({ ...trial, status: record.status, ...outcome })}\n`;
  });
  return gzipSync(lines.join(""));
}

/** Whether a folder is a report of `reproduce`. */
export const holdsReproduction = (folder: string) => existsSync(join(folder, "results.json")) && existsSync(join(folder, trialsFile));

/**
 * What `writeReport` has written, as it was given it.
 * @throws StoreError when files are missing or damaged, or come from a version with other figures or trials.
 */
export function readReproduction(folder: string): Reproduction {
  const read = <T>(name: string, parse: (bytes: Buffer) => T): T => {
    try {
      return parse(readFileSync(join(folder, name)));
    } catch (error) {
      throw new StoreError(`cannot read ${join(folder, name)}: ${reason(error)}`, { cause: error });
    }
  };
  const { settings, figures: ids } = read("results.json", (bytes) => {
    const { settings, figures } = JSON.parse(bytes.toString()) as { settings: Settings; figures: string[] };
    return { settings, figures };
  });
  const {
    environment,
    wallSeconds,
    trials: times,
  } = read(
    "timing.json",
    (bytes) => JSON.parse(bytes.toString()) as { environment: Environment; wallSeconds: number; trials: Record<string, Timing> },
  );
  const records = read(trialsFile, (bytes) =>
    gunzipSync(bytes)
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as TrialRecord),
  );
  const results = new Results();
  for (const record of records)
    results.add(record.status === "ok" ? { ...record, timing: times[record.id] ?? { seconds: 0, cpuSeconds: 0 } } : record);
  const other = () => new StoreError(`${folder} was written by another version of layerwise; run \`layerwise reproduce\` again`);
  const figures = ids?.map((id) => {
    const figure = allFigures.find((candidate) => candidate.id === id);
    if (!figure) throw other();
    return figure;
  });
  if (!figures || figures.some((figure) => figure.plan(settings, results).some((trial) => !results.has(trial)))) throw other();
  const trials = records.map(({ id, experiment, config }): Trial => ({ id, experiment, config }));
  return { figures, settings, results, trials, environment, wallSeconds };
}

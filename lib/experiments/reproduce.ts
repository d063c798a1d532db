import { chunked, type Executor, type Trial } from "./executor.js";
import { type Figure, Results, type Settings } from "./paper/index.js";

/** Told how a run goes. */
export interface Observer {
  /** More trials have been planned: this many in all. */
  planned(total: number): void;
  /** This many have been run, this many of them failed. */
  done(count: number, failed: number): void;
}

/**
 * Runs every trial that the figures ask for, each once, until they ask for nothing new.
 * @returns the results, and the trials in the order in which they were planned (which does not depend on timing).
 */
export async function runFigures(
  figures: readonly Figure[],
  settings: Settings,
  executor: Executor,
  options: { observer?: Observer; signal?: AbortSignal } = {},
): Promise<{ results: Results; trials: Trial[] }> {
  const results = new Results();
  const trials = new Map<string, Trial>();
  let failed = 0;
  let count = 0;
  for (;;) {
    const stage = new Map<string, Trial>();
    for (const trial of figures.flatMap((figure) => figure.plan(settings, results))) {
      if (!results.has(trial)) stage.set(trial.id, trial);
    }
    if (stage.size === 0) return { results, trials: [...trials.values()] };
    for (const [id, trial] of stage) trials.set(id, trial);
    options.observer?.planned(trials.size);
    for await (const record of executor.execute(chunked(stage.values(), 1), { signal: options.signal })) {
      results.add(record);
      count++;
      if (record.status === "failed") failed++;
      options.observer?.done(count, failed);
    }
  }
}

import { ConfigError, show } from "../experiments/config.js";
import type { Executor } from "../experiments/executor.js";
import { checkExecutor, type ExecutorChoice, makeExecutor } from "../experiments/executors.js";
import type { SweepSpec } from "../experiments/sweep/plan.js";
import type { RunOptions } from "../experiments/sweep/run.js";
import { workOn } from "../experiments/sweep/session.js";
import { statusOf } from "../experiments/sweep/status.js";
import type { RunFolder } from "../experiments/sweep/store.js";
import { integerOption } from "./output.js";
import { sweepProgress } from "./sweep-progress.js";

/** What `sweep` and `resume` have in common. */
export interface WorkOptions {
  workers?: string;
  maxRetries?: string;
  failFast?: boolean;
  retryFailed?: boolean;
  timeout?: string;
  metric?: string;
  max?: boolean;
  json?: boolean;
  executor?: string;
  sbatch?: string;
  perElement?: string;
  redis?: string;
  queue?: string;
}

/** A positive number given as an option. @throws ConfigError */
export function positiveOption(name: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  // Longer than this, a timer of Node fires at once.
  const most = 2_000_000;
  if (!(value > 0 && value <= most)) {
    const allowed = `a number in (0, ${most}]`;
    throw new ConfigError({ message: `--${name} must be ${allowed}, got ${show(text)}`, key: name, got: text, allowed });
  }
  return value;
}

export function checkedOptions(options: WorkOptions): { choice: ExecutorChoice; run: RunOptions } {
  const { executor, sbatch, redis, queue } = options;
  const choice = {
    executor,
    sbatch,
    redis,
    queue,
    workers: options.workers === undefined ? undefined : integerOption("workers", options.workers, 1, 1024),
    perElement: options.perElement === undefined ? undefined : integerOption("per-element", options.perElement, 1, 100_000),
  };
  checkExecutor(choice);
  return {
    choice,
    run: {
      maxRetries: options.maxRetries === undefined ? 0 : integerOption("max-retries", options.maxRetries, 0, 1000),
      failFast: options.failFast,
      retryFailed: options.retryFailed,
      timeout: options.timeout === undefined ? undefined : positiveOption("timeout", options.timeout),
    },
  };
}

/**
 * Works on a run folder until it is complete, interrupted or broken off, with progress on stderr.
 * @returns the exit code: 0 when every trial is ok, 1 when some failed, 130 when interrupted.
 */
export async function work(folder: RunFolder, spec: SweepSpec, options: WorkOptions): Promise<number> {
  const { choice, run } = checkedOptions(options);
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const executor: Executor = await makeExecutor(choice, folder);
  const { search } = spec;
  const aim = search.kind === "asha" ? search : { metric: options.metric, mode: options.max ? ("max" as const) : ("min" as const) };
  const shown = sweepProgress(folder.manifest.trials, aim);
  try {
    const outcome = await workOn(folder, spec, executor, { ...run, signal: controller.signal, observe: shown.observe });
    shown.stop();
    if (options.json) console.log(JSON.stringify({ ...statusOf(folder), complete: outcome.complete, stopped: outcome.stopped ?? null }));
    const parts = [`${outcome.ok} ok`, ...(outcome.failed ? [`${outcome.failed} failed`] : [])];
    const next =
      outcome.stopped === "interrupted"
        ? `interrupted; go on with: layerwise resume ${folder.path}`
        : outcome.stopped
          ? `stopped: ${outcome.stopped}; go on with: layerwise resume ${folder.path}`
          : `results: ${folder.path}/results.csv`;
    process.stderr.write(`${parts.join(", ")}; ${next}\n`);
    if (outcome.stopped === "interrupted") return 130;
    return outcome.failed ? 1 : 0;
  } finally {
    shown.stop();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await executor.close();
  }
}

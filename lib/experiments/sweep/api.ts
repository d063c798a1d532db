import { fileURLToPath } from "node:url";
import type { z } from "zod";
import type { Experiment } from "../define.js";
import type { Executor } from "../executor.js";
import { LocalExecutor } from "../local.js";
import { experiments } from "../registry.js";
import { InlineExecutor } from "./inline.js";
import { axesFromObject } from "./language.js";
import { bundleModule } from "./module.js";
import type { Row } from "./row.js";
import type { Outcome, RunOptions } from "./run.js";
import { checkedPlan, createRun, modulesOf, workOn } from "./session.js";
import type { RunFolder } from "./store.js";

/** A value, a list of values, or text in the sweep language (`"log:1e-3:1:7"`, `"0:20"`), for each key of an experiment. */
export type SweepAxes<Shape extends z.ZodRawShape> = {
  readonly [Key in keyof z.input<z.ZodObject<Shape>>]?:
    | z.input<z.ZodObject<Shape>>[Key]
    | readonly z.input<z.ZodObject<Shape>>[Key][]
    | `${string}:${string}`;
};

/** What a sweep is given besides its plan. */
export interface SweepOptions extends RunOptions {
  /** The run folder; new or empty. */
  readonly out: string;
  /** Grid by default; as in a sweep file otherwise: `{ kind: "random", samples: 50 }`. */
  readonly search?: object;
  /** Processes; default: one per available core. */
  readonly workers?: number;
  /**
   * The file that exports the experiment, usually `import.meta.url`. Its top level runs in every process, so it must not
   * itself start the sweep unless it is the main module. Without it, an experiment that is not the package's own runs in
   * this process.
   */
  readonly module?: string;
  /** Instead of processes on this machine. */
  readonly executor?: Executor;
}

/** What a sweep gives back. */
export interface SweepResult extends Outcome {
  readonly folder: RunFolder;
  /** The trials' rows in the sweep's order, read from the folder one at a time. */
  rows(): Generator<Row>;
}

/**
 * Runs an experiment for every combination of the axes' values and keeps the results in a folder.
 * @throws ConfigError for bad axes or a folder that holds anything; StoreError when results cannot be written.
 * @example const { rows } = await sweep(experiment, { lr: "log:1e-3:1:7", seed: "0:20" }, { out: "runs/a", module: import.meta.url });
 */
export async function sweep<Shape extends z.ZodRawShape>(
  experiment: Experiment<Shape>,
  axes: SweepAxes<Shape>,
  options: SweepOptions,
): Promise<SweepResult> {
  const source = options.module === undefined ? null : options.module.startsWith("file:") ? fileURLToPath(options.module) : options.module;
  const module = source === null ? null : await bundleModule(source);
  const plan = checkedPlan(experiment, axesFromObject(experiment, axes), options.search, module?.hash ?? null);
  const folder = createRun(options.out, { ...plan, module, source });
  const inProcess = module === null && !experiments.includes(experiment);
  const executor =
    options.executor ??
    (inProcess ? new InlineExecutor([experiment]) : new LocalExecutor({ workers: options.workers, modules: modulesOf(folder) }));
  try {
    const outcome = await workOn(folder, plan.spec, executor, options);
    return { ...outcome, folder, rows: () => folder.rows() };
  } finally {
    if (!options.executor) await executor.close();
  }
}

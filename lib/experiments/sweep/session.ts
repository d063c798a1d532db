import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, describeKeys } from "../config.js";
import type { AnyExperiment } from "../define.js";
import { environment } from "../environment.js";
import type { Executor } from "../executor.js";
import { experimentById } from "../registry.js";
import { writeTable } from "./export.js";
import { readSweepFile, sweepFileExtensions } from "./file.js";
import { type Axes, axesFromObject, axesToObject, parseAxes } from "./language.js";
import { type BundledModule, bundleModule, loadBundled, loadExperiment, moduleExtensions } from "./module.js";
import type { SweepSpec } from "./plan.js";
import { type Outcome, type RunOptions, runSweep } from "./run.js";
import { countTrials, schedulerOf } from "./schedule.js";
import { parseSearch } from "./search.js";
import { type Manifest, RunFolder } from "./store.js";
import { trialTable } from "./table.js";
import { codeVersion, gitState } from "./version.js";

/** A sweep that has been checked, and where its experiment's code comes from. */
export interface Plan {
  readonly spec: SweepSpec;
  /** null when it depends on results. */
  readonly trials: number | null;
  readonly module: BundledModule | null;
  readonly source: string | null;
}

/** An experiment by its id, or the file that exports it (`file.ts`, `file.ts#id`). */
export async function findExperiment(
  name: string,
  base: string,
): Promise<{ experiment: AnyExperiment; module: BundledModule | null; source: string | null }> {
  const [, file, id] = /^(.*?\.[cm]?[jt]s)(?:#(.*))?$/.exec(name) ?? [];
  if (file === undefined || !moduleExtensions.includes(extname(file)))
    return { experiment: experimentById(name), module: null, source: null };
  const source = resolve(base, file);
  const module = await bundleModule(source);
  return { experiment: await loadBundled(module, id), module, source };
}

export interface Question {
  /** An experiment's id, a file that exports one, or a sweep file. */
  readonly target: string;
  /** `key=values`; they replace those of a sweep file. */
  readonly assignments?: readonly string[];
  /** As in a sweep file, and instead of its. */
  readonly search?: object;
}

/** Reads and checks everything about a sweep, every trial of it, before anything starts. @throws ConfigError */
export async function planSweep({ target, assignments = [], search }: Question): Promise<Plan> {
  const file = sweepFileExtensions.includes(extname(target)) ? readSweepFile(target) : undefined;
  const found = await findExperiment(file?.experiment ?? target, file ? dirname(resolve(target)) : process.cwd());
  const axes = new Map(file ? axesFromObject(found.experiment, file.axes) : []);
  for (const [key, axis] of parseAxes(found.experiment, assignments)) axes.set(key, axis);
  return {
    ...checkedPlan(found.experiment, axes, search ?? file?.search, found.module?.hash ?? null),
    module: found.module,
    source: found.source,
  };
}

export function checkedPlan(experiment: AnyExperiment, axes: Axes, search: object | undefined, moduleHash: string | null) {
  const spec: SweepSpec = { experiment, axes, search: parseSearch(experiment, search), version: codeVersion(moduleHash) };
  return { spec, trials: countTrials(spec) };
}

/** Makes the run folder of a sweep. @throws ConfigError when the folder holds anything */
export function createRun(out: string, plan: Plan): RunFolder {
  const { spec, trials, module, source } = plan;
  const manifest: Manifest = {
    kind: "layerwise-sweep",
    format: 1,
    experiment: spec.experiment.id,
    title: spec.experiment.title,
    axes: axesToObject(spec.axes),
    search: spec.search,
    version: spec.version,
    trials,
    module: module ? "experiment.mjs" : null,
    source,
    keys: describeKeys(spec.experiment).map(({ key }) => key),
  };
  const git = gitState(source ? dirname(source) : process.cwd());
  return RunFolder.create(out, manifest, { created: new Date().toISOString(), ...environment(), git }, module?.text);
}

/** File URLs of the modules that a run folder's trials need. */
export function modulesOf(folder: RunFolder): string[] {
  return folder.manifest.module ? [pathToFileURL(join(folder.path, folder.manifest.module)).href] : [];
}

/**
 * The sweep of a run folder, with the experiment from the folder's own copy where there is one.
 * @throws ConfigError when the code has changed since, unless `force`.
 */
export async function reopenPlan(folder: RunFolder, options: { force?: boolean } = {}): Promise<SweepSpec> {
  const { manifest } = folder;
  const experiment = manifest.module
    ? await loadExperiment(modulesOf(folder)[0]!, manifest.experiment)
    : experimentById(manifest.experiment);
  const moduleHash = / experiment:(\S+)$/.exec(manifest.version)?.[1] ?? null;
  const version = codeVersion(moduleHash);
  if (version !== manifest.version && !options.force) {
    throw new ConfigError({
      message: `${folder.path} was begun with layerwise ${manifest.version}, this is ${version}: results of different code would be mixed; start a new folder, or go on regardless with --force`,
      key: "version",
      got: version,
      allowed: manifest.version,
    });
  }
  return {
    experiment,
    axes: axesFromObject(experiment, manifest.axes),
    search: parseSearch(experiment, manifest.search),
    version: manifest.version,
  };
}

/** Runs what a folder still lacks; when it is complete, writes the aggregate `results.csv`. */
export async function workOn(folder: RunFolder, spec: SweepSpec, executor: Executor, options: RunOptions = {}): Promise<Outcome> {
  const release = folder.lock();
  try {
    const metric = spec.search.kind === "asha" ? spec.search.metric : undefined;
    const outcome = await runSweep(folder, schedulerOf(spec), executor, metric, options);
    if (outcome.complete) await writeTable(join(folder.path, "results.csv"), "csv", trialTable(folder));
    return outcome;
  } finally {
    release();
  }
}

import type { AnyExperiment } from "./define.js";
import type { Trial, TrialRecord } from "./executor.js";
import { experimentById, experiments } from "./registry.js";
import { runTrial } from "./trial.js";

/** Experiments of the package and of modules (file URLs) whose exports are, or are lists of, experiments. */
export async function knownExperiments(modules: readonly string[]): Promise<readonly AnyExperiment[]> {
  const found = await Promise.all(modules.map(async (url) => Object.values((await import(url)) as Record<string, unknown>).flat()));
  const own = found.flat().filter((value) => typeof value === "object" && value !== null && "schema" in value && "trial" in value);
  return [...(own as AnyExperiment[]), ...experiments];
}

/** Runs a trial; whatever it throws becomes a failed record. */
export async function perform(trial: Trial, among: readonly AnyExperiment[]): Promise<TrialRecord> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  try {
    const result = await runTrial(experimentById(trial.experiment, among), trial.config);
    const { user, system } = process.cpuUsage(cpu);
    const timing = { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
    return { ...result, id: trial.id, status: "ok", timing };
  } catch (error) {
    return { ...trial, status: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

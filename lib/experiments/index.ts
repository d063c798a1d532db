/**
 * Experiments (a schema and a trial), the sweeps over them, their executors and run folders.
 *
 * @packageDocumentation
 */
export { type Config, ConfigError, describeKeys, type KeyInfo, parseAssignments, parseConfig } from "./config.js";
export { type AnyExperiment, defineExperiment, type Experiment, type Metric, type Metrics, type TrialContext } from "./define.js";
export {
  type Chunks,
  chunked,
  type ExecuteOptions,
  type Executor,
  makeTrial,
  type OkRecord,
  type Timing,
  type Trial,
  type TrialRecord,
} from "./executor.js";
export { LocalExecutor, type LocalOptions } from "./local.js";
export { experimentById, experiments } from "./registry.js";
export * from "./sweep/index.js";
export { runTrial, type Series, type StoredMetric, type StoredMetrics, type TrialResult, trialId } from "./trial.js";

import type { z } from "zod";
import type { Stream } from "../random/index.js";

/** What a trial measures: numbers (null = undefined or never reached), possibly nested one level per quantity. */
export type Metric = number | boolean | string | null | undefined | readonly (number | null)[] | { readonly [name: string]: Metric };
/** Metrics by name. */
export type Metrics = { readonly [name: string]: Metric };

/** What a trial is given besides its configuration. */
export interface TrialContext {
  /** Random numbers of this trial: `Stream(config.seed, experiment id)`. Take a `child(purpose)` for each purpose. */
  readonly stream: Stream;
  /** Appends a row to the trial's series. The columns are those of the first row; a column left out becomes null. */
  record(row: Readonly<Record<string, number | null | undefined>>): void;
}

/**
 * An experiment is one function: a schema (keys with default, bounds and meaning) and a trial that turns a configuration
 * into metrics. The command line, executors, sweeps, reports and documentation are derived from it.
 */
export interface Experiment<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Name on the command line, in kebab-case. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: the model, and what is measured. */
  readonly summary: string;
  /** A `z.strictObject` in which every key has `.default()` and `.describe()`, and numbers have bounds. Include `seed`. */
  readonly schema: z.ZodObject<Shape>;
  /** Whether the wall time is one of its metrics (`wallSeconds`, added by whoever runs the trial, so that trials stay pure). */
  readonly timed?: boolean;
  /** What the schema cannot say. Called with every complete configuration before anything runs; throws a `ConfigError`. */
  check?(config: z.output<z.ZodObject<Shape>>): void;
  /** Must depend on nothing but its arguments. */
  trial(config: z.output<z.ZodObject<Shape>>, context: TrialContext): Metrics | Promise<Metrics>;
}

/** Any experiment, whatever its configuration. */
// biome-ignore lint/suspicious/noExplicitAny: a trial is contravariant in its configuration, so `unknown` would admit none.
export type AnyExperiment = Experiment<any>;

/** Declares an experiment; only the types do any work. */
export function defineExperiment<Shape extends z.ZodRawShape>(experiment: Experiment<Shape>): Experiment<Shape> {
  return experiment;
}

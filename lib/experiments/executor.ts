import type { Config } from "./config.js";
import { parseConfig } from "./config.js";
import type { AnyExperiment } from "./define.js";
import { type TrialResult, trialId } from "./trial.js";

/** A trial to be run: a complete configuration and its identity. */
export interface Trial {
  readonly id: string;
  readonly experiment: string;
  readonly config: Config;
}

/** What it took to run a trial; depends on the machine, so it is kept apart from the result. */
export interface Timing {
  /** Wall seconds. */
  readonly seconds: number;
  /** Processor seconds (user and system) of the process that ran it. */
  readonly cpuSeconds: number;
}

/** The outcome of a trial. */
export type TrialRecord =
  | (TrialResult & { readonly id: string; readonly status: "ok"; readonly timing: Timing })
  | (Trial & { readonly status: "failed"; readonly error: string });

/** The record of a trial that came to its end. */
export type OkRecord = Extract<TrialRecord, { status: "ok" }>;

/** Lists of trials that travel together, one list at a time. */
export type Chunks = Iterable<readonly Trial[]> | AsyncIterable<readonly Trial[]>;

/** Options of {@link Executor}.execute. */
export interface ExecuteOptions {
  /** Aborting it ends what is running and takes nothing more. */
  readonly signal?: AbortSignal;
  /** Wall seconds after which a trial is ended and counts as failed. */
  readonly timeout?: number;
}

/**
 * Where trials run. Chunks (lists of trials that travel together) are taken from `chunks` only as fast as they can be
 * worked off, and records come back in the order in which they are ready, one per trial. A trial that throws, or takes its
 * process down, becomes a `failed` record; the others go on. Records do not depend on where or in what order trials ran.
 */
export interface Executor {
  /** How many trials it runs at a time, where it knows: the last chunks are then cut so that no process waits long for another. */
  readonly workers?: number;
  execute(chunks: Chunks, options?: ExecuteOptions): AsyncIterable<TrialRecord>;
  /** Ends the processes it has started. */
  close(): Promise<void>;
}

/** Checks a configuration and gives it its identity. @throws ConfigError */
export function makeTrial(experiment: AnyExperiment, config: Readonly<Record<string, unknown>> = {}, version?: string): Trial {
  const complete = parseConfig(experiment, config);
  return { id: trialId(experiment.id, complete, version), experiment: experiment.id, config: complete };
}

/** Cuts a sequence of trials into lists of at most `size`. */
export function* chunked(trials: Iterable<Trial>, size: number): Generator<Trial[]> {
  let chunk: Trial[] = [];
  for (const trial of trials) {
    chunk.push(trial);
    if (chunk.length >= size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length) yield chunk;
}

import type { Trial } from "../executor.js";

/** A trial at its place in the sweep's order. */
export interface PlannedTrial extends Trial {
  readonly index: number;
}

/**
 * Says which trial is next. The sequence must not depend on when results arrive, only on what they are: a sweep then has the
 * same trials on any number of workers, and after any number of interruptions.
 */
export interface Scheduler {
  /** The next trial, `"wait"` when that depends on results that are not there yet, or undefined at the end. */
  next(): PlannedTrial | "wait" | undefined;
  /** The result of a trial: the metric that the search looks at, null when it has none or failed for good. */
  report(id: string, score: number | null): void;
}

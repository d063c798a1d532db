import { describeKeys } from "../config.js";
import type { Trial } from "../executor.js";
import { Asha } from "./asha.js";
import { countGrid, plannedTrials, type SweepSpec } from "./plan.js";

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

class InOrder implements Scheduler {
  private index = 0;
  private readonly trials: Iterator<Trial>;

  constructor(trials: Iterable<Trial>) {
    this.trials = trials[Symbol.iterator]();
  }

  next(): PlannedTrial | undefined {
    const next = this.trials.next();
    return next.done ? undefined : { ...next.value, index: this.index++ };
  }

  report(): void {}
}

export function schedulerOf(spec: SweepSpec): Scheduler {
  const integers = new Set(
    describeKeys(spec.experiment)
      .filter(({ type }) => type === "integer")
      .map(({ key }) => key),
  );
  const { search } = spec;
  return search.kind === "asha" ? new Asha(spec, search, integers) : new InOrder(plannedTrials(spec, integers));
}

/** The number of trials, every one of which is checked; null when it depends on results. @throws ConfigError */
export function countTrials(spec: SweepSpec): number | null {
  if (spec.search.kind === "grid") return countGrid(spec);
  const scheduler = schedulerOf(spec);
  let count = 0;
  for (let next = scheduler.next(); next !== undefined; next = scheduler.next()) {
    if (next === "wait") return null;
    count++;
  }
  return count;
}

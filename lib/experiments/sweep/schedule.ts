import { describeKeys } from "../config.js";
import type { Trial } from "../executor.js";
import { Asha } from "./asha.js";
import { countGrid, plannedTrials, type SweepSpec } from "./plan.js";
import type { PlannedTrial, Scheduler } from "./scheduler.js";

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

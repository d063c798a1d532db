import { ConfigError, show } from "../config.js";
import { makeTrial } from "../executor.js";
import { type Search, type SweepSpec, sample, seeds } from "./plan.js";
import type { PlannedTrial, Scheduler } from "./scheduler.js";

/**
 * Decisions use the results of all but this many of the last evaluations. Evaluations within the lag run in parallel; because
 * it is a constant, the decisions do not depend on timing.
 */
const LAG = 16;

interface Evaluation {
  readonly candidate: number;
  readonly rung: number;
  /** Ids of its trials that have no result yet. */
  readonly waiting: Set<string>;
  readonly scores: (number | null)[];
}

/**
 * Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, Alg. 2):
 * the best 1/η of each rung is promoted to η times the budget as soon as it is known, otherwise a new sample starts at the
 * smallest budget. Here "known" means known from a fixed number of evaluations before, not from whatever has arrived. An
 * evaluation is one trial per value of `seed`; its score is their mean, and none when any of them has none. Trials of a higher
 * rung start afresh with the larger budget.
 */
export class Asha implements Scheduler {
  private readonly budgets: number[] = [];
  private readonly evaluations: Evaluation[] = [];
  private readonly byTrial = new Map<string, Evaluation[]>();
  /** Results that decisions may use: candidate and score of every rung, and who was promoted from it. */
  private readonly rungs: { results: { candidate: number; score: number }[]; promoted: Set<number> }[] = [];
  private counted = 0;
  private started = 0;
  private queue: PlannedTrial[] = [];
  private index = 0;
  private readonly known = new Map<string, number | null>();
  private readonly given = new Set<string>();

  constructor(
    private readonly spec: SweepSpec,
    private readonly search: Extract<Search, { kind: "asha" }>,
    private readonly integers: ReadonlySet<string>,
  ) {
    const { budget, eta } = search;
    for (let size = budget.min; size < budget.max; size *= eta) this.budgets.push(Math.round(size));
    this.budgets.push(budget.max);
    for (const _ of this.budgets) this.rungs.push({ results: [], promoted: new Set() });
    if (spec.axes.has(budget.key)) {
      const allowed = "left out: it is the budget";
      throw new ConfigError({
        message: `${spec.experiment.id}: ${budget.key} must be ${allowed}, got ${show(budget.key)}`,
        key: budget.key,
        got: budget.key,
        allowed,
      });
    }
  }

  next(): PlannedTrial | "wait" | undefined {
    for (;;) {
      const queued = this.queue.shift();
      if (queued) return queued;
      while (this.counted < this.evaluations.length - LAG + 1) if (!this.count()) return "wait";
      let chosen = this.choose();
      if (!chosen) {
        // Nothing to start: the results within the lag may promote somebody yet.
        if (this.counted === this.evaluations.length) return undefined;
        if (!this.count()) return "wait";
        chosen = this.choose();
        if (!chosen) continue;
      }
      this.evaluate(chosen.candidate, chosen.rung);
    }
  }

  report(id: string, score: number | null): void {
    this.known.set(id, score);
    for (const evaluation of this.byTrial.get(id) ?? []) {
      if (evaluation.waiting.delete(id)) evaluation.scores.push(score);
    }
    this.byTrial.delete(id);
  }

  /** Lets decisions use the next evaluation's result; false when it is not there yet. */
  private count(): boolean {
    const evaluation = this.evaluations[this.counted]!;
    if (evaluation.waiting.size) return false;
    const { candidate, rung, scores } = evaluation;
    // Sorted, so that the mean's rounding does not depend on the order of arrival.
    const finite = scores.filter((score): score is number => score !== null).sort((a, b) => a - b);
    const worst = Number.POSITIVE_INFINITY;
    const mean = finite.reduce((sum, score) => sum + score, 0) / finite.length;
    const score = finite.length < scores.length ? worst : this.search.mode === "min" ? mean : -mean;
    this.rungs[rung]!.results.push({ candidate, score });
    this.counted++;
    return true;
  }

  private choose(): { candidate: number; rung: number } | undefined {
    for (let rung = this.budgets.length - 2; rung >= 0; rung--) {
      const { results, promoted } = this.rungs[rung]!;
      const best = [...results]
        .sort((a, b) => (a.score === b.score ? a.candidate - b.candidate : a.score - b.score))
        .slice(0, Math.floor(results.length / this.search.eta));
      const found = best.find(({ candidate, score }) => Number.isFinite(score) && !promoted.has(candidate));
      if (found) {
        promoted.add(found.candidate);
        return { candidate: found.candidate, rung: rung + 1 };
      }
    }
    return this.started < this.search.samples ? { candidate: this.started++, rung: 0 } : undefined;
  }

  private evaluate(candidate: number, rung: number): void {
    const { experiment, axes, version } = this.spec;
    const chosen = sample(axes, candidate, this.search.seed, this.integers);
    const budget = { [this.search.budget.key]: this.budgets[rung] };
    const trials = seeds(axes).map((seed) => makeTrial(experiment, { ...chosen, ...budget, ...seed }, version));
    const evaluation: Evaluation = { candidate, rung, waiting: new Set(), scores: [] };
    this.evaluations.push(evaluation);
    for (const trial of trials) {
      if (this.known.has(trial.id)) evaluation.scores.push(this.known.get(trial.id)!);
      else {
        evaluation.waiting.add(trial.id);
        this.byTrial.set(trial.id, [...(this.byTrial.get(trial.id) ?? []), evaluation]);
      }
      // Two candidates with equal values are one trial.
      if (!this.given.has(trial.id)) {
        this.given.add(trial.id);
        this.queue.push({ ...trial, index: this.index++ });
      }
    }
  }
}

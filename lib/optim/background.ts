import type { FactorState } from "./policy.js";
import type { Started, Task } from "./roots.js";

interface Job {
  readonly lag: number;
  readonly abort: AbortController;
  readonly finished: Promise<void>;
  result: Started | null;
}

/**
 * Refreshes on the thread pool. A job's result is taken at a step fixed when it started; one that is not there by then is
 * computed again on the spot, with the same bits. So nothing depends on timing, and a training loop gains by waiting
 * (`await optimizer.ready()`) instead of computing twice.
 */
export class Background {
  readonly #jobs = new Map<FactorState, Job>();

  add(state: FactorState, lag: number, task: Task): void {
    const abort = new AbortController();
    const job: Job = {
      lag,
      abort,
      result: null,
      // A failure is not an answer: the step that needs the result meets it again and handles it.
      finished: task(abort.signal).then(
        (result) => {
          job.result = result;
        },
        () => {},
      ),
    };
    this.#jobs.set(state, job);
  }

  /** The result if it is there; a job that has not begun is called off. */
  take(state: FactorState): Started | null {
    const job = this.#jobs.get(state);
    this.#jobs.delete(state);
    if (job && !job.result) job.abort.abort();
    return job?.result ?? null;
  }

  /** Resolves when every result that the next step needs is there. */
  async ready(): Promise<void> {
    const needed: Promise<void>[] = [];
    for (const [state, { lag, finished }] of this.#jobs) if (state.pendingAge + 1 >= lag) needed.push(finished);
    await Promise.all(needed);
  }

  /** Forgets all jobs: their states are no longer those of the optimizer. */
  clear(): void {
    for (const { abort } of this.#jobs.values()) abort.abort();
    this.#jobs.clear();
  }
}

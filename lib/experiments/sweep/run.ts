import type { Executor, Trial, TrialRecord } from "../executor.js";
import type { StoredMetric } from "../trial.js";
import { Journal } from "./journal.js";
import type { Row } from "./row.js";
import type { PlannedTrial, Scheduler } from "./scheduler.js";
import type { Entry, RunFolder } from "./store.js";

/** How a sweep is run. */
export interface RunOptions {
  /** How often a failed trial is tried again. Default 0. */
  readonly maxRetries?: number;
  /** Stop at the first trial that fails for good. */
  readonly failFast?: boolean;
  /** Run trials that failed in an earlier session again. */
  readonly retryFailed?: boolean;
  /** Wall seconds a trial may take. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Told of every row. Counts are of trials, those of earlier sessions included. */
  readonly observe?: (row: Row, counts: Counts) => void;
}

/** Trials of a sweep by outcome. */
export interface Counts {
  /** With a result. */
  readonly ok: number;
  /** Without one after every attempt. */
  readonly failed: number;
}

/** How a run of a sweep ended. */
export interface Outcome extends Counts {
  /** Whether the sweep is complete: every trial has a row. */
  readonly complete: boolean;
  /** Why it stopped early. */
  readonly stopped?: "interrupted" | "a trial failed";
}

/**
 * Trials travel together in chunks that last about this long, so that what a chunk costs is small beside it. The last ones are
 * smaller (guided self-scheduling: Polychronopoulos & Kuck, IEEE Trans. Computers 1987), so that all processes end together.
 */
const CHUNK_SECONDS = 0.1;
const MAX_CHUNK = 64;

/** A metric by its dotted name, as a score: null when it is not a finite number. */
export function scoreOf(row: { status: string; metrics?: { [name: string]: StoredMetric } }, metric: string | undefined): number | null {
  if (row.status !== "ok" || metric === undefined) return null;
  let value: StoredMetric | undefined = row.metrics;
  if (value && Object.hasOwn(value, metric)) value = (value as { [name: string]: StoredMetric })[metric];
  else {
    for (const name of metric.split(".")) {
      value = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    }
  }
  return typeof value === "number" ? value : null;
}

/** The trials that are still to be run, in chunks; waits for results where the scheduler does. */
class Source implements AsyncIterable<readonly Trial[]> {
  /** In flight or to be tried again: where it stands, and the attempt. */
  readonly open = new Map<string, { trial: PlannedTrial; attempt: number }>();
  private readonly retries: PlannedTrial[] = [];
  private wake: (() => void) | undefined;
  private meanSeconds: number | undefined;
  private stopped = false;

  constructor(
    private readonly scheduler: Scheduler,
    /** Whether a trial of an earlier session needs no run; tells the scheduler its score. */
    private readonly isDone: (trial: PlannedTrial) => boolean,
    private readonly singly: boolean,
    /** Trials that the scheduler has not given yet; null when that depends on results. */
    private left: number | null,
    private readonly workers: number,
  ) {}

  /** The next trial to be run, undefined when there is none now. */
  private take(): PlannedTrial | "wait" | undefined {
    const retry = this.retries.shift();
    if (retry) return retry;
    for (;;) {
      const next = this.scheduler.next();
      if (next === undefined || next === "wait") return this.open.size ? "wait" : next;
      if (this.left !== null) this.left--;
      if (!this.isDone(next)) return next;
    }
  }

  private get size(): number {
    if (this.singly || this.meanSeconds === undefined) return 1;
    const share = this.left === null ? MAX_CHUNK : Math.ceil(this.left / (2 * this.workers));
    return Math.max(1, Math.min(MAX_CHUNK, share, Math.floor(CHUNK_SECONDS / Math.max(this.meanSeconds, 1e-6))));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Trial[]> {
    while (!this.stopped) {
      const chunk: PlannedTrial[] = [];
      const size = this.size;
      let next: PlannedTrial | "wait" | undefined;
      while (chunk.length < size) {
        next = this.take();
        if (next === undefined || next === "wait") break;
        chunk.push(next);
        if (!this.open.has(next.id)) this.open.set(next.id, { trial: next, attempt: 0 });
      }
      if (chunk.length) {
        yield chunk.map(({ id, experiment, config }) => ({ id, experiment, config }));
      } else if (next === "wait") {
        if (this.open.size === 0) throw new Error("the search waits for results of trials that nobody runs");
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      } else return;
    }
  }

  /** Another result: the trial is settled, or (`again`) to be run once more. */
  settle(id: string, again: boolean, seconds: number | undefined): void {
    const entry = this.open.get(id)!;
    if (again) {
      entry.attempt++;
      this.retries.push(entry.trial);
    } else this.open.delete(id);
    if (seconds !== undefined) this.meanSeconds = this.meanSeconds === undefined ? seconds : 0.9 * this.meanSeconds + 0.1 * seconds;
    this.wake?.();
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }
}

/**
 * Runs what a folder's sweep still lacks and writes a row for every attempt. The folder must be locked by the caller. This
 * process alone writes the rows, whatever executor runs the trials, so a trial cannot have two ok rows.
 */
export async function runSweep(
  folder: RunFolder,
  scheduler: Scheduler,
  executor: Executor,
  metric: string | undefined,
  options: RunOptions = {},
): Promise<Outcome> {
  const { maxRetries = 0, failFast = false, retryFailed = false, timeout, observe } = options;
  const before = folder.entries();
  let ok = 0;
  let failed = 0;
  const isDone = (trial: PlannedTrial): boolean => {
    const entry: Entry | undefined = before.get(trial.id);
    // Every trial is asked for once, so what is known of it can go.
    before.delete(trial.id);
    if (!entry || (entry.status === "failed" && retryFailed)) return false;
    if (entry.status === "ok") ok++;
    else failed++;
    scheduler.report(trial.id, metric === undefined ? null : scoreOf(folder.row(entry.place), metric));
    return true;
  };
  const singly = timeout !== undefined && timeout < 1;
  const source = new Source(scheduler, isDone, singly, folder.manifest.trials, executor.workers ?? 1);
  const controller = new AbortController();
  const interrupt = () => controller.abort(options.signal?.reason);
  if (options.signal?.aborted) interrupt();
  options.signal?.addEventListener("abort", interrupt, { once: true });
  let journal: Journal | undefined;
  let stopped: Outcome["stopped"];
  try {
    for await (const record of executor.execute(source, { signal: controller.signal, timeout })) {
      const entry = source.open.get(record.id);
      // An executor that delivers at least once may deliver twice.
      if (!entry) continue;
      journal ??= await Journal.create(folder.path);
      const row: Row = { ...record, index: entry.trial.index, attempt: entry.attempt };
      const behind = journal.append(row);
      if (behind) await behind;
      const again = record.status === "failed" && entry.attempt < maxRetries;
      if (!again) {
        if (record.status === "ok") ok++;
        else failed++;
        scheduler.report(record.id, scoreOf(record, metric));
      }
      source.settle(record.id, again, secondsOf(record));
      observe?.(row, { ok, failed });
      if (failFast && record.status === "failed" && !again) {
        stopped = "a trial failed";
        break;
      }
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    stopped = "interrupted";
  } finally {
    source.stop();
    options.signal?.removeEventListener("abort", interrupt);
    await journal?.close();
  }
  return { ok, failed, complete: stopped === undefined, ...(stopped ? { stopped } : {}) };
}

const secondsOf = (record: TrialRecord) => (record.status === "ok" ? record.timing.seconds : undefined);

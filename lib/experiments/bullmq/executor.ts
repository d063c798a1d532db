import { setTimeout as sleep } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Chunks, ExecuteOptions, Executor, Trial, TrialRecord } from "../executor.js";
import { Gather } from "../sweep/gather.js";
import { connect, loadBullmq, type RedisOptions } from "./connection.js";

export interface BullOptions {
  readonly redis: RedisOptions;
  /** Name of the queue; the workers must be given the same. One queue belongs to one sweep at a time. */
  readonly queue: string;
  /** Version of the code that results must come from: a worker of another version refuses the trial. */
  readonly version: string;
  /** Trials in the queue at a time. Default 500. */
  readonly outstanding?: number;
  /** Seconds between looks at the queue. Default 0.2. */
  readonly poll?: number;
}

/** What a job holds. */
export interface BullTask {
  readonly trial: Trial;
  readonly version: string;
  readonly timeout?: number;
}

/**
 * Hands trials to workers through BullMQ: one job per trial, whose id is the trial's, so that a trial that is added twice is
 * one job. BullMQ delivers at least once; of several results the first counts (they are equal). Results are looked for rather
 * than listened to, so none is missed while the server restarts; jobs that a server has forgotten are added again.
 */
export class BullExecutor implements Executor {
  private queue: Queue | undefined;
  private client: Redis | undefined;

  constructor(private readonly options: BullOptions) {}

  async *execute(chunks: Chunks, { signal, timeout }: ExecuteOptions = {}): AsyncGenerator<TrialRecord> {
    const { outstanding = 500, poll = 0.2, version } = this.options;
    const { Queue } = await loadBullmq();
    this.client ??= await connect(this.options.redis);
    this.queue ??= new Queue(this.options.queue, { connection: this.client });
    const queue = this.queue;
    queue.on("error", () => {});
    const source = new Gather(chunks);
    const open = new Map<string, Trial>();
    const add = (trials: readonly Trial[]) =>
      queue.addBulk(
        trials.map((trial) => ({
          name: "trial",
          data: { trial, version, timeout } satisfies BullTask,
          opts: { jobId: trial.id, attempts: 1 },
        })),
      );
    let looks = 0;
    for (;;) {
      signal?.throwIfAborted();
      const fresh = await source.take(outstanding - open.size);
      for (const trial of fresh) open.set(trial.id, trial);
      if (fresh.length) await add(fresh);
      if (open.size === 0) {
        if (source.exhausted) return;
        continue;
      }
      let found = 0;
      for (const job of await queue.getJobs(["completed", "failed"], 0, 99)) {
        if (!job?.id) continue;
        const trial = open.get(job.id);
        // Removed first: a trial that is tried again is a new job.
        await job.remove().catch(() => {});
        if (!trial) continue;
        found++;
        open.delete(job.id);
        yield job.failedReason ? { ...trial, status: "failed", error: job.failedReason } : (job.returnvalue as TrialRecord);
      }
      if (found) continue;
      await sleep(1000 * poll, undefined, { signal });
      // A server without persistence forgets its jobs when it restarts.
      if (++looks % 25 === 0) {
        for (const [id, trial] of open) if ((await queue.getJobState(id)) === "unknown") await add([trial]);
      }
    }
  }

  async close(): Promise<void> {
    await this.queue?.close();
    this.client?.disconnect();
  }
}

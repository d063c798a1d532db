import { LocalExecutor, type LocalOptions } from "../local.js";
import { connect, loadBullmq, type RedisOptions } from "./connection.js";
import type { BullTask } from "./executor.js";

export interface BullWorkerOptions extends LocalOptions {
  readonly redis: RedisOptions;
  readonly queue: string;
  /** Of this worker's code. */
  readonly version: string;
  /** Milliseconds without a sign of life after which another worker takes a trial over. Default 30 000. */
  readonly lockDuration?: number;
}

/**
 * Works on a queue until it is closed. Trials run in our own pool of processes, so this process is free to renew its locks
 * however long a trial computes, and the pool's processes end with it.
 */
export async function bullWorker(options: BullWorkerOptions): Promise<{ close(): Promise<void> }> {
  const { Worker } = await loadBullmq();
  const client = await connect(options.redis);
  const executor = new LocalExecutor(options);
  const lockDuration = options.lockDuration ?? 30_000;
  const worker = new Worker<BullTask>(
    options.queue,
    async ({ data: { trial, version, timeout } }) => {
      if (version !== options.version) throw new Error(`this worker has layerwise ${options.version}, the sweep ${version}`);
      for await (const record of executor.execute([[trial]], { timeout })) return record;
      throw new Error("the trial gave no record");
    },
    {
      connection: client,
      concurrency: executor.workers,
      lockDuration,
      stalledInterval: lockDuration,
      // A trial may lose its worker this often; the default of 1 gives up on the second crash of a machine.
      maxStalledCount: 10,
    },
  );
  worker.on("error", () => {});
  return {
    async close() {
      await worker.close(true);
      await executor.close();
      client.disconnect();
    },
  };
}

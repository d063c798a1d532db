import type { AnyExperiment } from "../define.js";
import type { Chunks, ExecuteOptions, Executor, TrialRecord } from "../executor.js";
import { perform } from "../perform.js";

/** Runs trials in this process, one after the other: for experiments that exist only in it. A crash ends everything. */
export class InlineExecutor implements Executor {
  constructor(private readonly among: readonly AnyExperiment[]) {}

  async *execute(chunks: Chunks, { signal }: ExecuteOptions = {}): AsyncGenerator<TrialRecord> {
    for await (const chunk of chunks) {
      for (const trial of chunk) {
        signal?.throwIfAborted();
        yield await perform(trial, this.among);
      }
    }
  }

  async close(): Promise<void> {}
}

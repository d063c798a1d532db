import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import type { Chunks, ExecuteOptions, Executor, Trial, TrialRecord } from "./executor.js";

/** Options of {@link LocalExecutor}. */
export interface LocalOptions {
  /** Processes; default: one per available core. */
  workers?: number;
  /** File URLs of modules that export further experiments (as `experiments` or `default`). */
  modules?: readonly string[];
}

/** The processes' program: the TypeScript source when this file runs as such (through tsx), else the built one. */
function program(): { script: string; execArgv: string[] } {
  const extension = extname(import.meta.url);
  const script = fileURLToPath(new URL(`./worker${extension}`, import.meta.url));
  return { script, execArgv: extension === ".ts" ? ["--import", import.meta.resolve("tsx")] : [] };
}

/** Why a process ended, from the pool's many-line message. */
function causeOfDeath(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const signal = /signalCode: `(\w+)`/.exec(text)?.[1];
  const code = /exitCode: `(\w+)`/.exec(text)?.[1];
  if (signal && signal !== "null") return `its process was ended by ${signal}`;
  if (code && code !== "null") return `its process exited with code ${code}`;
  return text.split("\n")[0]!;
}

/** Ends a process of ours; it may have ended by itself. */
function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Runs trials in a pool of processes on this machine, one BLAS thread each. Processes rather than threads: a crash in
 * native code then costs one trial, not the run. A trial whose process died is tried once more, alone, and then counts as
 * failed; the rest of its chunk is run again.
 */
export class LocalExecutor implements Executor {
  readonly workers: number;
  private readonly pool: workerpool.Pool;
  private readonly modules: readonly string[];

  constructor(options: LocalOptions = {}) {
    this.workers = options.workers ?? availableParallelism();
    this.modules = options.modules ?? [];
    const { script, execArgv } = program();
    this.pool = workerpool.pool(script, {
      workerType: "process",
      maxWorkers: this.workers,
      forkOpts: {
        execArgv,
        env: { ...process.env, LAYERWISE_PARENT: String(process.pid), OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" },
      },
    });
  }

  async *execute(chunks: Chunks, options: ExecuteOptions = {}): AsyncGenerator<TrialRecord> {
    const { signal, timeout } = options;
    const source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    const ready: TrialRecord[] = [];
    let inFlight = 0;
    let pulling = false;
    let exhausted = false;
    let fatal: unknown;
    let wake = () => {};
    const onAbort = () => {
      void this.pool.terminate(true);
      wake();
    };

    const submit = (chunk: readonly Trial[], suspects: ReadonlySet<string>) => {
      inFlight++;
      let done = 0;
      let pid = 0;
      let timedOut = false;
      let clock: NodeJS.Timeout | undefined;
      const startClock = () => {
        clearTimeout(clock);
        if (timeout === undefined || done >= chunk.length) return;
        clock = setTimeout(() => {
          timedOut = true;
          kill(pid);
        }, timeout * 1000);
      };
      const receive = (message: TrialRecord | { pid: number }) => {
        if (timedOut) return;
        if ("pid" in message) pid = message.pid;
        else {
          done++;
          ready.push(message);
          wake();
        }
        startClock();
      };
      this.pool
        .exec("runChunk", [chunk, this.modules], { on: receive })
        .then(
          () => {},
          (error: unknown) => {
            if (signal?.aborted) return;
            this.nudge();
            if (done >= chunk.length) return;
            // Trials run in order: the first without a record is the one that was running.
            const culprit = chunk[done]!;
            const rest = chunk.slice(done + 1);
            if (rest.length) submit(rest, suspects);
            if (timedOut) ready.push({ ...culprit, status: "failed", error: `took longer than the timeout of ${timeout} s` });
            else if (suspects.has(culprit.id)) ready.push({ ...culprit, status: "failed", error: causeOfDeath(error) });
            else submit([culprit], new Set([culprit.id]));
          },
        )
        .catch((error: unknown) => {
          fatal = error;
        })
        .then(() => {
          clearTimeout(clock);
          inFlight--;
          wake();
        });
    };
    const take = ({ done, value }: IteratorResult<readonly Trial[]>) => {
      if (done) exhausted = true;
      else if (value.length) submit(value, new Set());
    };
    const pull = async (next: PromiseLike<IteratorResult<readonly Trial[]>>) => {
      pulling = true;
      try {
        take(await next);
      } catch (error) {
        fatal = error;
      }
      pulling = false;
      wake();
    };

    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        // A second chunk per process waits in the pool, so that no process idles; no more, so that memory stays flat.
        while (!exhausted && !pulling && inFlight < 2 * this.workers && ready.length < 1000) {
          const next = source.next();
          if ("then" in next) void pull(next);
          else take(next);
        }
        if (fatal) throw fatal;
        signal?.throwIfAborted();
        if (ready.length) yield ready.shift()!;
        else if (inFlight === 0 && !pulling) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * workerpool 10 waits for the exit of a process that is gone already before it looks at its queue again; whatever it is given
   * makes it look at once.
   */
  private nudge(): void {
    setImmediate(() => {
      this.pool.exec("runChunk", [[], []]).then(
        () => {},
        () => {},
      );
    });
  }

  async close(): Promise<void> {
    await this.pool.terminate(true);
  }
}

import type { Job } from "../../binding.js";

/**
 * The O(n³) routines exist as promises too: `eighAsync`, `svdAsync`, `gemmAsync`, … They run on libuv's thread pool
 * (UV_THREADPOOL_SIZE threads, 4 unless set when Node starts, shared with files and DNS) while the event loop goes on.
 * Arguments are copied at the call: what happens to them later, a transfer included, changes nothing. Results are new. Bad
 * arguments throw at the call, as in the synchronous functions; numerical failures reject with the same codes. A worker
 * thread may be terminated at any time. As many computations run at once as the pool has threads, each with the BLAS
 * threads of `setThreads`: 1 is best when there are several.
 */
export interface Cancellable {
  /** Takes back what has not started; the promise rejects with its reason. What has started runs to its end. */
  signal?: AbortSignal;
}

async function settle<R, S>({ promise, cancel }: Job<R>, signal: AbortSignal | undefined, finish: (result: R) => S): Promise<S> {
  const abort = () => cancel();
  signal?.addEventListener("abort", abort);
  try {
    return finish(await promise);
  } catch (error) {
    throw (error as { code?: string }).code === "ABORT_ERR" ? signal!.reason : error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Starts a job unless the signal is already aborted. */
export function run<R, S>(options: Cancellable, start: () => Job<R>, finish: (result: R) => S): Promise<S> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason);
  return settle(start(), options.signal, finish);
}

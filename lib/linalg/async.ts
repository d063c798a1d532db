import type { Job } from "../../binding.js";

/**
 * The O(n³) routines that take a while exist as promises too, under their names with `Async`: `eighAsync`, `lstsqAsync`,
 * `gemmAsync`, … They run on libuv's thread pool (UV_THREADPOOL_SIZE threads, 4 unless set when Node starts, shared with
 * files and DNS) while the event loop goes on.
 * Arguments are copied at the call: what happens to them later, a transfer included, changes nothing. Results are new. Bad
 * arguments throw at the call, as in the synchronous functions; numerical failures reject with the same codes. A worker
 * thread may be terminated at any time. As many computations run at once as the pool has threads, each with the BLAS
 * threads of `setThreads`: 1 is best when there are several.
 */
export interface Cancellable {
  /** Takes back what has not started; the promise rejects with its reason. What has started runs to its end. */
  signal?: AbortSignal;
}

/** What each signal takes back: one listener per signal, however many computations wait for it. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

function abort(this: AbortSignal): void {
  for (const cancel of waiting.get(this)!) cancel();
}

/** Returns how to undo it. */
function onAbort(signal: AbortSignal, cancel: () => void): () => void {
  const all = waiting.get(signal) ?? new Set();
  if (!all.size) {
    waiting.set(signal, all);
    signal.addEventListener("abort", abort);
  }
  all.add(cancel);
  return () => {
    all.delete(cancel);
    if (all.size) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", abort);
  };
}

async function settle<R, S>({ promise, cancel }: Job<R>, signal: AbortSignal | undefined, finish: (result: R) => S): Promise<S> {
  const forget = signal && onAbort(signal, cancel);
  try {
    return finish(await promise);
  } catch (error) {
    throw (error as { code?: string }).code === "ABORT_ERR" ? signal!.reason : error;
  } finally {
    forget?.();
  }
}

/** Starts a job unless the signal is already aborted. */
export function run<R, S>(options: Cancellable, start: () => Job<R>, finish: (result: R) => S): Promise<S> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason);
  return settle(start(), options.signal, finish);
}

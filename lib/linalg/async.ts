/**
 * The O(n³) routines as promises, computed on libuv's thread pool (UV_THREADPOOL_SIZE threads, 4 unless set when Node
 * starts, shared with files and DNS) while the event loop goes on. Arguments are copied at the call: what happens to
 * them later, a transfer included, changes nothing. Results are new. Bad arguments throw at the call, as the synchronous
 * functions do; numerical failures reject with the same codes. A `signal` takes back what has not started, and the
 * promise rejects with its reason; what has started runs to its end. A worker thread may be terminated at any time.
 *
 * On one BLAS thread, as many computations run at once as the pool has threads; see `setThreads`.
 */
import type { Job } from "../../binding.js";
import { routines } from "../binding.js";
import { leading, requireSquare } from "./arguments.js";
import type { Eigen } from "./eigh.js";
import { Matrix, type Operand, type Real, Transposed } from "./matrix.js";

/** What every asynchronous function takes. */
export interface Cancellable {
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
function run<R, S>(options: Cancellable, start: () => Job<R>, finish: (result: R) => S): Promise<S> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason);
  return settle(start(), options.signal, finish);
}

/** As `gemm`: alpha·A·B, in a new matrix. */
export function gemmAsync<T extends Real>(
  a: Operand<T>,
  b: Operand<T>,
  options: Cancellable & { alpha?: number } = {},
): Promise<Matrix<T>> {
  if (a.cols !== b.rows) {
    throw new RangeError(`gemmAsync: a is ${a.rows}×${a.cols} and b ${b.rows}×${b.cols}: the inner dimensions differ`);
  }
  const [m, n, k] = [a.rows, b.cols, a.cols];
  const [transA, transB] = [a instanceof Transposed, b instanceof Transposed];
  const left = a instanceof Transposed ? a.matrix : a;
  const right = b instanceof Transposed ? b.matrix : b;
  const { gemmAsync } = routines(left.data);
  const { alpha = 1 } = options;
  return run(
    options,
    () => gemmAsync(transA, transB, m, n, k, alpha, left.data, left.offset, leading(left), right.data, right.offset, leading(right)),
    (c) => new Matrix(c, m, n),
  );
}

/** As `eigh`. */
export function eighAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<Eigen<T>> {
  const n = requireSquare("eighAsync", a);
  return run(
    options,
    () => routines(a.data).syevdAsync(n, a.data, a.offset, leading(a)),
    ({ values, vectors }) => ({ values, vectors: new Matrix(vectors, n, n) }),
  );
}

/** As `cholesky`. */
export function choleskyAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("choleskyAsync", a);
  return run(
    options,
    () => routines(a.data).potrfAsync(n, a.data, a.offset, leading(a)),
    (factor) => new Matrix(factor, n, n),
  );
}

/** As `qr`. */
export function qrAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<{ q: Matrix<T>; r: Matrix<T> }> {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  return run(
    options,
    () => routines(a.data).qrAsync(m, n, a.data, a.offset, leading(a)),
    ({ q, r }) => ({ q: new Matrix(q, m, k), r: new Matrix(r, k, n) }),
  );
}

/** As `svd`. */
export function svdAsync<T extends Real>(
  a: Matrix<T>,
  options: Cancellable & { full?: boolean } = {},
): Promise<{ u: Matrix<T>; s: T; vt: Matrix<T> }> {
  const { rows: m, cols: n } = a;
  const { full = false } = options;
  const k = Math.min(m, n);
  return run(
    options,
    () => routines(a.data).gesddAsync(full, m, n, a.data, a.offset, leading(a)),
    ({ u, s, vt }) => ({ u: new Matrix(u, m, full ? m : k), s, vt: new Matrix(vt, full ? n : k, n) }),
  );
}

/** As `solve`. */
export function solveAsync<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("solveAsync", a);
  if (b.rows !== n) throw new RangeError(`solveAsync: b must have ${n} rows, got ${b.rows}`);
  return run(
    options,
    () => routines(a.data).gesvAsync(n, b.cols, a.data, a.offset, leading(a), b.data, b.offset, leading(b)),
    (x) => new Matrix(x, n, b.cols),
  );
}

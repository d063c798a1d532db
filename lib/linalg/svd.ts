import { routines } from "../binding.js";
import { leading, matrixInto, requireKnown, vectorInto } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/**
 * The singular value decomposition A = U·diag(s)·Vᵀ of an m×n matrix, k = min(m, n), s descending (LAPACK gesdd): thin,
 * u m×k and vt k×n, or with `full` u m×m and vt n×n, orthogonal.
 * @throws TypeError on unknown options; RangeError when `out` has another shape or overlaps; Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`, `ERR_OVERFLOW`.
 */
export function svd<T extends Real>(
  a: Matrix<T>,
  options: { full?: boolean; out?: { u?: Matrix<T>; s?: T; vt?: Matrix<T> } } = {},
): { u: Matrix<T>; s: T; vt: Matrix<T> } {
  requireKnown("svd", options, ["full", "out"]);
  const { rows: m, cols: n } = a;
  const { full = false, out = {} } = options;
  const k = Math.min(m, n);
  const s = vectorInto("svd", "out.s", k, a.data, out.s);
  const u = matrixInto("svd", "out.u", m, full ? m : k, a.data, out.u);
  const vt = matrixInto("svd", "out.vt", full ? n : k, n, a.data, out.vt);
  const job = full ? "full" : "thin";
  routines(a.data).gesdd(job, m, n, a.data, a.offset, leading(a), s, 0, u.data, u.offset, leading(u), vt.data, vt.offset, leading(vt));
  return { u, s, vt };
}

/** Singular values of a matrix, descending (LAPACK gesdd). @throws as {@link svd}. */
export function singularValues<T extends Real>(a: Matrix<T>, options: { out?: T } = {}): T {
  const { rows: m, cols: n } = a;
  const s = vectorInto("singularValues", "out", Math.min(m, n), a.data, options.out);
  routines(a.data).gesdd("values", m, n, a.data, a.offset, leading(a), s, 0);
  return s;
}

/** As {@link svd}, on the thread pool; see {@link Cancellable}. */
export function svdAsync<T extends Real>(
  a: Matrix<T>,
  options: Cancellable & { full?: boolean } = {},
): Promise<{ u: Matrix<T>; s: T; vt: Matrix<T> }> {
  requireKnown("svdAsync", options, ["full", "signal"]);
  const { rows: m, cols: n } = a;
  const { full = false } = options;
  const k = Math.min(m, n);
  return run(
    options,
    () => routines(a.data).gesddAsync(full ? "full" : "thin", m, n, a.data, a.offset, leading(a)),
    ({ u, s, vt }) => ({ u: new Matrix(u!, m, full ? m : k), s, vt: new Matrix(vt!, full ? n : k, n) }),
  );
}

/** As {@link singularValues}, on the thread pool; see {@link Cancellable}. */
export function singularValuesAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<T> {
  return run(
    options,
    () => routines(a.data).gesddAsync("values", a.rows, a.cols, a.data, a.offset, leading(a)),
    ({ s }) => s,
  );
}

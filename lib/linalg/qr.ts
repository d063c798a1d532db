import { routines } from "../binding.js";
import { leading, matrixInto } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/**
 * The thin factorisation A = Q·R of an m×n matrix, k = min(m, n): Q m×k with orthonormal columns, R k×n upper
 * triangular (LAPACK geqrf, orgqr). The diagonal of R may be negative. `out.q` or `out.r` may be `a`.
 * @throws RangeError when `out` has another shape or overlaps; Error `ERR_NOT_FINITE`, `ERR_OVERFLOW`.
 */
export function qr<T extends Real>(a: Matrix<T>, options: { out?: { q?: Matrix<T>; r?: Matrix<T> } } = {}): { q: Matrix<T>; r: Matrix<T> } {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  const q = matrixInto("qr", "out.q", m, k, a.data, options.out?.q);
  const r = matrixInto("qr", "out.r", k, n, a.data, options.out?.r);
  routines(a.data).qr(m, n, a.data, a.offset, leading(a), q.data, q.offset, leading(q), r.data, r.offset, leading(r));
  return { q, r };
}

/** As {@link qr}, on the thread pool; see {@link Cancellable}. */
export function qrAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<{ q: Matrix<T>; r: Matrix<T> }> {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  return run(
    options,
    () => routines(a.data).qrAsync(m, n, a.data, a.offset, leading(a)),
    ({ q, r }) => ({ q: new Matrix(q, m, k), r: new Matrix(r, k, n) }),
  );
}

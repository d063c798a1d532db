import { routines } from "../binding.js";
import { copyInto, leading, matrixInto, requireSquare, vectorInto } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/** A = V·diag(values)·Vᵀ. */
export interface Eigen<T extends Real = Float64Array> {
  /** Eigenvalues, ascending. */
  values: T;
  /** Orthonormal eigenvectors, one per column. */
  vectors: Matrix<T>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by divide and conquer: the method of LAPACK's syevd, with secular equations
 * solved in vector registers and a back-transformation in larger blocks. Backward stable like it. Only the lower triangle of
 * `a` is read, and `a` is kept unless `out.vectors` is `a` itself.
 * @throws RangeError when `a` is not square or `out` has another shape; Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`, `ERR_OVERFLOW`.
 */
export function eigh<T extends Real>(a: Matrix<T>, options: { out?: { values?: T; vectors?: Matrix<T> } } = {}): Eigen<T> {
  const n = requireSquare("eigh", a);
  const values = vectorInto("eigh", "out.values", n, a.data, options.out?.values);
  const vectors = copyInto("eigh", a, options.out?.vectors);
  routines(a.data).syevd(true, n, vectors.data, vectors.offset, leading(vectors), values, 0);
  return { values, vectors };
}

/**
 * Eigenvalues of a symmetric matrix, ascending (LAPACK sytrd and steqr). Only the lower triangle of `a` is read.
 * @throws as {@link eigh}.
 */
export function eigvalsh<T extends Real>(a: Matrix<T>, options: { out?: T } = {}): T {
  const n = requireSquare("eigvalsh", a);
  const values = vectorInto("eigvalsh", "out", n, a.data, options.out);
  routines(a.data).syevd(false, n, a.data, a.offset, leading(a), values, 0);
  return values;
}

/**
 * Some eigenvalues of a symmetric matrix and their eigenvectors (what LAPACK syevr is for, by divide and conquer): those numbered `indices` = [first, end)
 * from the smallest, or those in `values` = (low, high]. Only the lower triangle of `a` is read. The k eigenvectors are
 * the columns of `vectors`, n×k.
 * @throws RangeError unless exactly one of the two is given and indices lie in [0, n]; otherwise as {@link eigh}.
 */
export function eighRange<T extends Real>(
  a: Matrix<T>,
  range: { indices: readonly [first: number, end: number] } | { values: readonly [low: number, high: number] },
): Eigen<T> {
  const n = requireSquare("eighRange", a);
  const byIndex = "indices" in range;
  if (byIndex === "values" in range) throw new RangeError("eighRange: give either indices or values");
  const [first, end] = byIndex ? range.indices : range.values;
  if (byIndex && !(first >= 0 && first <= end && end <= n)) {
    throw new RangeError(`eighRange: indices must be [first, end) within [0, ${n}], got [${first}, ${end}]`);
  }
  const most = byIndex ? end - first : n;
  const w = vectorInto("eighRange", "out", most, a.data);
  const z = matrixInto("eighRange", "out", n, most, a.data);
  const kind = byIndex ? "index" : "value";
  const count = routines(a.data).syevr(true, n, kind, first, end, a.data, a.offset, leading(a), w, 0, z.data, 0, leading(z));
  return count === most ? { values: w, vectors: z } : { values: w.slice(0, count) as T, vectors: z.block(0, 0, n, count).clone() };
}

/** As {@link eigh}, on the thread pool; see {@link Cancellable}. */
export function eighAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<Eigen<T>> {
  const n = requireSquare("eighAsync", a);
  return run(
    options,
    () => routines(a.data).syevdAsync(true, n, a.data, a.offset, leading(a)),
    ({ values, vectors }) => ({ values, vectors: new Matrix(vectors!, n, n) }),
  );
}

/** As {@link eigvalsh}, on the thread pool; see {@link Cancellable}. */
export function eigvalshAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<T> {
  const n = requireSquare("eigvalshAsync", a);
  return run(
    options,
    () => routines(a.data).syevdAsync(false, n, a.data, a.offset, leading(a)),
    ({ values }) => values,
  );
}

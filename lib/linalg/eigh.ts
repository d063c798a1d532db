import { copyInto, lapack, requireSquare, vectorInto } from "./lapack.js";
import type { Matrix, Real } from "./matrix.js";

/** A = V·diag(values)·Vᵀ. */
export interface Eigen<T extends Real = Float64Array> {
  /** Eigenvalues, ascending. */
  values: T;
  /** Orthonormal eigenvectors, one per column. */
  vectors: Matrix<T>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (LAPACK syevd). Only the lower triangle of `a` is read, and `a` is
 * kept unless `out.vectors` is `a` itself.
 * @throws RangeError when `a` is not square or `out` has another shape; Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`.
 */
export function eigh<T extends Real>(a: Matrix<T>, options: { out?: { values?: T; vectors?: Matrix<T> } } = {}): Eigen<T> {
  const n = requireSquare("eigh", a);
  const values = vectorInto("eigh", "out.values", n, a.data, options.out?.values);
  const vectors = copyInto("eigh", a, options.out?.vectors);
  lapack(a).syevd(true, n, vectors.data, vectors.offset, vectors.stride || 1, values, 0);
  return { values, vectors };
}

/**
 * Eigenvalues of a symmetric matrix, ascending (LAPACK syevd). Only the lower triangle of `a` is read.
 * @throws as {@link eigh}.
 */
export function eigvalsh<T extends Real>(a: Matrix<T>, options: { out?: T } = {}): T {
  const n = requireSquare("eigvalsh", a);
  const values = vectorInto("eigvalsh", "out", n, a.data, options.out);
  const work = a.clone();
  lapack(a).syevd(false, n, work.data, 0, work.stride || 1, values, 0);
  return values;
}

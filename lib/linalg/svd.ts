import { lapack, matrixInto, vectorInto } from "./lapack.js";
import type { Matrix, Real } from "./matrix.js";

/**
 * The thin singular value decomposition A = U·diag(s)·Vᵀ of an m×n matrix, k = min(m, n): u m×k, s descending,
 * vt k×n (LAPACK gesdd).
 * @throws Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`.
 */
export function svd<T extends Real>(
  a: Matrix<T>,
  options: { out?: { u?: Matrix<T>; s?: T; vt?: Matrix<T> } } = {},
): { u: Matrix<T>; s: T; vt: Matrix<T> } {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  const s = vectorInto("svd", "out.s", k, a.data, options.out?.s);
  const u = matrixInto("svd", "out.u", m, k, a.data, options.out?.u);
  const vt = matrixInto("svd", "out.vt", k, n, a.data, options.out?.vt);
  const work = a.clone();
  lapack(a).gesdd("thin", m, n, work.data, 0, n || 1, s, 0, u.data, u.offset, u.stride || 1, vt.data, vt.offset, vt.stride || 1);
  return { u, s, vt };
}

/** Singular values of a matrix, descending (LAPACK gesdd). @throws as {@link svd}. */
export function singularValues<T extends Real>(a: Matrix<T>, options: { out?: T } = {}): T {
  const { rows: m, cols: n } = a;
  const s = vectorInto("singularValues", "out", Math.min(m, n), a.data, options.out);
  const work = a.clone();
  lapack(a).gesdd("values", m, n, work.data, 0, n || 1, s, 0);
  return s;
}

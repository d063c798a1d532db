import { copyInto, lapack } from "./lapack.js";
import { allocate, Matrix, type Real } from "./matrix.js";

/**
 * The thin factorisation A = Q·R of an m×n matrix, k = min(m, n): Q m×k with orthonormal columns, R k×n upper
 * triangular (LAPACK geqrf, orgqr). The diagonal of R may be negative.
 * @throws Error `ERR_NOT_FINITE`.
 */
export function qr<T extends Real>(a: Matrix<T>): { q: Matrix<T>; r: Matrix<T> } {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  const packed = copyInto("qr", a);
  const tau = allocate(k, a.data);
  const routines = lapack(a);
  routines.geqrf(m, n, packed.data, 0, n || 1, tau, 0);
  const r = new Matrix(allocate(k * n, a.data), k, n);
  for (let i = 0; i < k; i++) r.data.set(packed.data.subarray(i * n + i, i * n + n), i * n + i);
  const q = k === n ? packed : packed.block(0, 0, m, k).clone();
  routines.orgqr(m, k, k, q.data, 0, k || 1, tau, 0);
  return { q, r };
}

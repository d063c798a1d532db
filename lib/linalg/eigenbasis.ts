import { routines } from "../binding.js";
import { leading, requireKnown, requireShape, requireSquare, vectorInto } from "./arguments.js";
import { kroneckerApply } from "./kronecker.js";
import type { Matrix, Real } from "./matrix.js";

/**
 * One step of orthogonal iteration towards the eigenvectors of a factor, in place: Q ← qr(A·Q), the refresh of SOAP's
 * bases (Vyas et al. 2024, arXiv 2409.11321). A product and a QR factorisation; inexact, converging from step to step. As A·Q has nearly
 * orthogonal columns, Cholesky QR factorises it, with a second pass (CholeskyQR2, Yamamoto et al. 2015) or Householder's where an
 * orthogonality test asks for it: at each refresh ‖QᵀQ − I‖ stays below 4·n·ε (Frobenius norm, estimated).
 * Each column keeps its place and its direction.
 * @param a n×n, symmetric. @param q n×n, orthogonal (columns), overwritten.
 * @param options `sorted` (default true): factorise by descending Rayleigh quotient qᵀAq, as orthogonal iteration needs,
 * and put the columns back; false: as they stand. `overlap` n×n: receives (Q_oldᵀ·Q_new)∘², for
 * {@link transportSecondMoment}. `rayleigh` (n): receives qᵀAq of the old columns.
 * @returns the Rayleigh quotients of the old columns, estimates of the eigenvalues.
 * @throws Error with code ERR_NOT_FINITE or ERR_OVERFLOW (nothing is written then); TypeError on mixed precisions and unknown options; RangeError on shapes.
 */
export function eigenbasisRefresh<T extends Real>(
  a: Matrix<T>,
  q: Matrix<T>,
  options: { readonly sorted?: boolean; readonly overlap?: Matrix<T>; readonly rayleigh?: T } = {},
): T {
  requireKnown("eigenbasisRefresh", options, ["sorted", "overlap", "rayleigh"]);
  const { sorted = true, overlap } = options;
  const n = requireSquare("eigenbasisRefresh", a);
  requireShape("eigenbasisRefresh", "q", q, n, n);
  if (overlap) requireShape("eigenbasisRefresh", "overlap", overlap, n, n);
  const rayleigh = vectorInto("eigenbasisRefresh", "rayleigh", n, a.data, options.rayleigh);
  routines(a.data).EigenbasisRefresh(
    sorted,
    n,
    a.data,
    a.offset,
    leading(a),
    q.data,
    q.offset,
    leading(q),
    rayleigh,
    0,
    overlap?.data ?? null,
    overlap?.offset ?? 0,
    overlap ? leading(overlap) : 0,
  );
  return rayleigh;
}

/**
 * Carries a second moment V (m×n, kept in a pair of bases) over to rotated bases: V ← (R_L∘R_L)ᵀ·V·(R_R∘R_R), the diagonal
 * of the rotated diagonal covariance. It preserves ΣV and nonnegativity; for a mere permutation of columns it permutes.
 * @param left the overlap from {@link eigenbasisRefresh} of this side, as `right` is; null for a side whose basis stayed.
 * @param options `out` m×n; may be `v` when both sides are given.
 */
export function transportSecondMoment<T extends Real>(
  left: Matrix<T> | null,
  v: Matrix<T>,
  right: Matrix<T> | null,
  options: { readonly out?: Matrix<T> } = {},
): Matrix<T> {
  return kroneckerApply(left ? left.T : null, v, right, options);
}

import { routines } from "../binding.js";
import { copyInto, leading, matrixInto, requireSquare } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { allocate, Matrix, type Real } from "./matrix.js";
import { singularValues } from "./svd.js";

/**
 * A⁻¹·B for a square A, by LU with row pivoting (LAPACK gesv). `out` may be `b`.
 * @throws Error `ERR_SINGULAR`, `ERR_NOT_FINITE`; RangeError when the shapes do not fit.
 */
export function solve<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: { out?: Matrix<T> } = {}): Matrix<T> {
  const n = requireSquare("solve", a);
  if (b.rows !== n) throw new RangeError(`solve: b must have ${n} rows, got ${b.rows}`);
  const x = copyInto("solve", b, options.out);
  routines(a.data).gesv(n, b.cols, a.data, a.offset, leading(a), x.data, x.offset, leading(x));
  return x;
}

/**
 * Least squares: the X of least norm among those that minimise ‖B − A·X‖ column by column (LAPACK gelsd). Singular values
 * of A below `rcond` (default max(m, n)·2⁻⁵², or ·2⁻²³ in single precision) times the largest count as zero.
 * @throws Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`; RangeError when the shapes do not fit.
 */
export function lstsq<T extends Real>(
  a: Matrix<T>,
  b: Matrix<T>,
  options: { rcond?: number; out?: Matrix<T> } = {},
): { x: Matrix<T>; rank: number; singularValues: T } {
  const { rows: m, cols: n } = a;
  if (b.rows !== m) throw new RangeError(`lstsq: b must have ${m} rows, got ${b.rows}`);
  const { rcond = Math.min(1, Math.max(m, n) * (a.data instanceof Float64Array ? 2 ** -52 : 2 ** -23)) } = options;
  const x = matrixInto("lstsq", "out", n, b.cols, a.data, options.out);
  const s = allocate(Math.min(m, n), a.data);
  const rank = routines(a.data).gelsd(
    m,
    n,
    b.cols,
    a.data,
    a.offset,
    leading(a),
    b.data,
    b.offset,
    leading(b),
    x.data,
    x.offset,
    leading(x),
    s,
    0,
    rcond,
  );
  return { x, rank, singularValues: s };
}

/**
 * P·A = L·U of an m×n matrix, k = min(m, n): L m×k unit lower, U k×n upper triangular, and row i of P·A is row
 * `permutation[i]` of A (LAPACK getrf). A singular A has zeros on the diagonal of U.
 * @throws Error `ERR_NOT_FINITE`.
 */
export function lu<T extends Real>(a: Matrix<T>): { l: Matrix<T>; u: Matrix<T>; permutation: Int32Array } {
  const { rows: m, cols: n } = a;
  const k = Math.min(m, n);
  const packed = a.clone();
  const pivots = new Int32Array(k);
  routines(a.data).getrf(m, n, packed.data, 0, leading(packed), pivots, 0);
  const l = new Matrix(allocate(m * k, a.data), m, k);
  const u = new Matrix(allocate(k * n, a.data), k, n);
  for (let i = 0; i < m; i++) {
    const below = Math.min(i, k);
    l.data.set(packed.data.subarray(i * n, i * n + below), i * k);
    if (i < k) {
      l.data[i * k + i] = 1;
      u.data.set(packed.data.subarray(i * n + i, i * n + n), i * n + i);
    }
  }
  const permutation = Int32Array.from({ length: m }, (_, i) => i);
  for (let i = 0; i < k; i++) {
    const j = pivots[i]!;
    [permutation[i], permutation[j]] = [permutation[j]!, permutation[i]!];
  }
  return { l, u, permutation };
}

/**
 * The condition number ‖A‖·‖A⁻¹‖, infinite for a singular matrix. `"svd"`, the default: exact, in the 2-norm, any shape.
 * `"lu"`, and for symmetric positive definite matrices `"cholesky"`: an estimate in the 1-norm, rarely too small by more
 * than a factor 3, for the price of a factorisation (LAPACK gecon, pocon).
 * @throws Error `ERR_NOT_FINITE`, `ERR_NOT_POSITIVE_DEFINITE`; RangeError when a square matrix is needed.
 */
export function condition(a: Matrix<Real>, options: { method?: "svd" | "lu" | "cholesky" } = {}): number {
  const { method = "svd" } = options;
  const { rows: m, cols: n } = a;
  if (m === 0 || n === 0) return 0;
  if (method === "svd") {
    const s = singularValues(a);
    return s[s.length - 1] === 0 ? Number.POSITIVE_INFINITY : s[0]! / s[s.length - 1]!;
  }
  if (method !== "lu" && method !== "cholesky") {
    throw new RangeError(`condition: method must be one of "svd", "lu", "cholesky", got ${JSON.stringify(method)}`);
  }
  requireSquare("condition", a);
  const lapack = routines(a.data);
  const factor = a.clone();
  const norm = lapack.norm1(n, n, a.data, a.offset, leading(a));
  let reciprocal = 0;
  if (method === "cholesky") {
    lapack.potrf(true, false, n, factor.data, 0, n);
    reciprocal = lapack.pocon(true, n, factor.data, 0, n, norm);
  } else if (lapack.getrf(n, n, factor.data, 0, n, new Int32Array(n), 0) === 0) {
    reciprocal = lapack.gecon(n, factor.data, 0, n, norm);
  }
  return 1 / reciprocal;
}

/** As {@link solve}, on the thread pool; see {@link Cancellable}. */
export function solveAsync<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("solveAsync", a);
  if (b.rows !== n) throw new RangeError(`solveAsync: b must have ${n} rows, got ${b.rows}`);
  return run(
    options,
    () => routines(a.data).gesvAsync(n, b.cols, a.data, a.offset, leading(a), b.data, b.offset, leading(b)),
    (x) => new Matrix(x, n, b.cols),
  );
}

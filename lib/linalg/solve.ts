import { routines } from "../binding.js";
import { copyInto, leading, matrixInto, requireKnown, requireSquare } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { allocate, Matrix, type Real } from "./matrix.js";
import { singularValues } from "./svd.js";

/**
 * A⁻¹·B for a square A, by LU with row pivoting (LAPACK gesv). `out` may be `b`.
 * @throws Error `ERR_SINGULAR`, `ERR_NOT_FINITE`, `ERR_OVERFLOW`; RangeError when the shapes do not fit.
 */
export function solve<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: { out?: Matrix<T> } = {}): Matrix<T> {
  const n = requireSquare("solve", a);
  if (b.rows !== n) throw new RangeError(`solve: b must have ${n} rows, got ${b.rows}`);
  const x = copyInto("solve", b, options.out);
  routines(a.data).gesv(n, b.cols, a.data, a.offset, leading(a), x.data, x.offset, leading(x));
  return x;
}

/** The share of the largest singular value that counts as zero. */
function negligible({ rows, cols, data }: Matrix<Real>): number {
  return Math.min(1, Math.max(rows, cols) * (data instanceof Float64Array ? 2 ** -52 : 2 ** -23));
}

/** What {@link lstsq} finds. */
export interface LeastSquares<T extends Real = Float64Array> {
  x: Matrix<T>;
  /** How many singular values of A count. */
  rank: number;
  /** Those of A, descending. */
  singularValues: T;
}

/**
 * Least squares: the X of least norm among those that minimise ‖B − A·X‖ column by column (LAPACK gelsd). Singular values
 * of A below `rcond` (default max(m, n)·2⁻⁵², or ·2⁻²³ in single precision) times the largest count as zero.
 * @throws Error `ERR_NOT_FINITE`, `ERR_NO_CONVERGENCE`, `ERR_OVERFLOW` (also of a singular value); TypeError on unknown options; RangeError when the shapes do not fit.
 */
export function lstsq<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: { rcond?: number; out?: Matrix<T> } = {}): LeastSquares<T> {
  requireKnown("lstsq", options, ["rcond", "out"]);
  const { rows: m, cols: n } = a;
  if (b.rows !== m) throw new RangeError(`lstsq: b must have ${m} rows, got ${b.rows}`);
  const { rcond = negligible(a) } = options;
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

/** P·A = L·U; see {@link lu}. */
export interface LU<T extends Real = Float64Array> {
  l: Matrix<T>;
  u: Matrix<T>;
  permutation: Int32Array;
}

/**
 * P·A = L·U of an m×n matrix, k = min(m, n): L m×k unit lower, U k×n upper triangular, and row i of P·A is row
 * `permutation[i]` of A (LAPACK getrf). A singular A has zeros on the diagonal of U.
 * @throws Error `ERR_NOT_FINITE`, `ERR_OVERFLOW`.
 */
export function lu<T extends Real>(a: Matrix<T>): LU<T> {
  const packed = a.clone();
  const pivots = new Int32Array(Math.min(a.rows, a.cols));
  routines(a.data).getrf(a.rows, a.cols, packed.data, 0, leading(packed), pivots, 0);
  return unpack(packed, pivots);
}

/** The factors that getrf leaves in one contiguous matrix. */
function unpack<T extends Real>({ data, rows: m, cols: n }: Matrix<T>, pivots: Int32Array): LU<T> {
  const k = pivots.length;
  const l = new Matrix(allocate(m * k, data), m, k);
  const u = new Matrix(allocate(k * n, data), k, n);
  for (let i = 0; i < m; i++) {
    l.data.set(data.subarray(i * n, i * n + Math.min(i, k)), i * k);
    if (i < k) {
      l.data[i * k + i] = 1;
      u.data.set(data.subarray(i * n + i, i * n + n), i * n + i);
    }
  }
  const permutation = Int32Array.from({ length: m }, (_, i) => i);
  for (let i = 0; i < k; i++) {
    const j = pivots[i]!;
    [permutation[i], permutation[j]] = [permutation[j]!, permutation[i]!];
  }
  return { l, u, permutation };
}

/** `a` itself, or where it is near an end of the number range a copy of ordinary size: 2^e·A has the same condition. */
function moderate<T extends Real>(a: Matrix<T>): Matrix<T> {
  let largest = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) largest = Math.max(largest, Math.abs(a.get(i, j)));
  const extreme = a.data instanceof Float64Array ? 2 ** 256 : 2 ** 32;
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY) || (largest > 1 / extreme && largest < extreme)) return a;
  const exponent = Math.max(-1022, Math.min(1022, -Math.floor(Math.log2(largest))));
  const out = a.clone();
  for (let i = 0; i < out.data.length; i++) out.data[i] = out.data[i]! * 2 ** exponent;
  return out;
}

/**
 * The condition number ‖A‖·‖A⁻¹‖, infinite for a singular matrix and where it does not fit a double. `"svd"`, the default: exact, in the 2-norm, any shape.
 * `"lu"`, and for symmetric positive definite matrices `"cholesky"`: an estimate in the 1-norm, rarely too small by more
 * than a factor 3, for the price of a factorisation (LAPACK gecon, pocon).
 * @throws Error `ERR_NOT_FINITE`, `ERR_NOT_POSITIVE_DEFINITE`; RangeError when a square matrix is needed.
 */
export function condition(a: Matrix<Real>, options: { method?: "svd" | "lu" | "cholesky" } = {}): number {
  requireKnown("condition", options, ["method"]);
  const { method = "svd" } = options;
  const { rows: m, cols: n } = a;
  if (m === 0 || n === 0) return 0;
  const scaled = moderate(a);
  if (method === "svd") {
    const s = singularValues(scaled);
    return s[s.length - 1] === 0 ? Number.POSITIVE_INFINITY : s[0]! / s[s.length - 1]!;
  }
  if (method !== "lu" && method !== "cholesky") {
    throw new RangeError(`condition: method must be one of "svd", "lu", "cholesky", got ${JSON.stringify(method)}`);
  }
  requireSquare("condition", a);
  const lapack = routines(a.data);
  const factor = scaled === a ? a.clone() : scaled;
  const norm = lapack.norm1(n, n, factor.data, 0, n);
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

/** As {@link lstsq}, on the thread pool; see {@link Cancellable}. */
export function lstsqAsync<T extends Real>(
  a: Matrix<T>,
  b: Matrix<T>,
  options: Cancellable & { rcond?: number } = {},
): Promise<LeastSquares<T>> {
  requireKnown("lstsqAsync", options, ["rcond", "signal"]);
  const { rows: m, cols: n } = a;
  if (b.rows !== m) throw new RangeError(`lstsqAsync: b must have ${m} rows, got ${b.rows}`);
  const { rcond = negligible(a) } = options;
  return run(
    options,
    () => routines(a.data).gelsdAsync(m, n, b.cols, a.data, a.offset, leading(a), b.data, b.offset, leading(b), rcond),
    ({ x, s, rank }) => ({ x: new Matrix(x, n, b.cols), rank, singularValues: s }),
  );
}

/** As {@link lu}, on the thread pool; see {@link Cancellable}. */
export function luAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<LU<T>> {
  return run(
    options,
    () => routines(a.data).getrfAsync(a.rows, a.cols, a.data, a.offset, leading(a)),
    ({ lu, pivots }) => unpack(new Matrix(lu, a.rows, a.cols), pivots),
  );
}

/**
 * Products of matrices. Operands may be transposed views (`a.T`); nothing is copied. Every function writes to `out` or to
 * a new matrix, and `out` may share memory with no other operand, save where said. Precisions are never mixed: that is a
 * TypeError.
 */
import { routines } from "../binding.js";
import { copyInto, matrixInto, requireKnown, requireShape, requireSquare, vectorInto } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Operand, type Real, Transposed } from "./matrix.js";

/** `out` ← α·(product) + β·`out`. */
export interface Update<Out> {
  /** Where the result goes; new memory when absent. */
  out?: Out;
  /** Default 1. */
  alpha?: number;
  /** Default 0: `out` is not read. Needs `out`. */
  beta?: number;
}

/** Which operand is the structured one, and where its numbers are. */
export interface Side {
  /** `"left"` (default): A·B; `"right"`: B·A. */
  side?: "left" | "right";
  /** The triangle of the stored matrix that is read. Default `"lower"`. */
  uplo?: "lower" | "upper";
}

const stored = <T extends Real>(a: Operand<T>): Matrix<T> => (a instanceof Transposed ? a.matrix : a);
const ld = (a: Matrix<Real>): number => a.stride || 1;

const UPDATE = ["out", "alpha", "beta"];
const SYMV = [...UPDATE, "uplo"];
const SYMM = [...UPDATE, "side", "uplo"];
const TRIANGULAR = ["out", "alpha", "side", "uplo", "unit"];

/** @throws TypeError on β without `out`, and on unknown options, which would make another product of this one. */
function requireUpdate(name: string, options: Update<unknown>, known: readonly string[] = UPDATE): void {
  requireKnown(name, options, known);
  if (options.beta !== undefined && options.beta !== 0 && !options.out) throw new TypeError(`${name}: beta needs out`);
}

function inner(name: string, a: Operand<Real>, b: Operand<Real>): void {
  if (a.cols !== b.rows) throw new RangeError(`${name}: a is ${a.rows}×${a.cols} and b ${b.rows}×${b.cols}: the inner dimensions differ`);
}

/** α·A·B + β·out (BLAS gemm). @throws RangeError on shapes or when `out` shares memory with an operand. */
export function gemm<T extends Real>(a: Operand<T>, b: Operand<T>, options: Update<Matrix<T>> = {}): Matrix<T> {
  inner("gemm", a, b);
  requireUpdate("gemm", options);
  const { alpha = 1, beta = 0 } = options;
  const left = stored(a);
  const right = stored(b);
  const c = matrixInto("gemm", "out", a.rows, b.cols, left.data, options.out);
  routines(left.data).gemm(
    left !== a,
    right !== b,
    a.rows,
    b.cols,
    a.cols,
    alpha,
    left.data,
    left.offset,
    ld(left),
    right.data,
    right.offset,
    ld(right),
    beta,
    c.data,
    c.offset,
    ld(c),
  );
  return c;
}

/** α·A·x + β·out (BLAS gemv). @throws RangeError on lengths or when `out` shares memory with an operand. */
export function gemv<T extends Real>(a: Operand<T>, x: T, options: Update<T> = {}): T {
  if (x.length !== a.cols) throw new RangeError(`gemv: x must have length ${a.cols}, got ${x.length}`);
  requireUpdate("gemv", options);
  const { alpha = 1, beta = 0 } = options;
  const m = stored(a);
  const y = vectorInto("gemv", "out", a.rows, m.data, options.out);
  routines(m.data).gemv(m !== a, m.rows, m.cols, alpha, m.data, m.offset, ld(m), x, 0, 1, beta, y, 0, 1);
  return y;
}

/**
 * α·A·x + β·out, A symmetric and read in one triangle (BLAS symv). @throws RangeError as {@link gemv}.
 */
export function symv<T extends Real>(a: Matrix<T>, x: T, options: Update<T> & Pick<Side, "uplo"> = {}): T {
  const n = requireSquare("symv", a);
  if (x.length !== n) throw new RangeError(`symv: x must have length ${n}, got ${x.length}`);
  requireUpdate("symv", options, SYMV);
  const { alpha = 1, beta = 0, uplo = "lower" } = options;
  const y = vectorInto("symv", "out", n, a.data, options.out);
  routines(a.data).symv(isLower("symv", uplo), n, alpha, a.data, a.offset, ld(a), x, 0, 1, beta, y, 0, 1);
  return y;
}

/** out + α·x·yᵀ, or α·x·yᵀ without `out` (BLAS ger). @throws RangeError on lengths or when `out` shares memory with x or y. */
export function ger<T extends Real>(x: T, y: T, options: { out?: Matrix<T>; alpha?: number } = {}): Matrix<T> {
  requireKnown("ger", options, ["out", "alpha"]);
  const a = matrixInto("ger", "out", x.length, y.length, x, options.out);
  routines(x).ger(x.length, y.length, options.alpha ?? 1, x, 0, 1, y, 0, 1, a.data, a.offset, ld(a));
  return a;
}

/**
 * α·A·Aᵀ + β·out, symmetric in both triangles; `syrk(a.T)` is AᵀA (BLAS syrk: half the flops of gemm). Of `out` the
 * lower triangle is read. @throws RangeError on shapes or when `out` shares memory with `a`.
 */
export function syrk<T extends Real>(a: Operand<T>, options: Update<Matrix<T>> = {}): Matrix<T> {
  requireUpdate("syrk", options);
  const { alpha = 1, beta = 0 } = options;
  const m = stored(a);
  const c = matrixInto("syrk", "out", a.rows, a.rows, m.data, options.out);
  routines(m.data).syrk(m !== a, a.rows, a.cols, alpha, m.data, m.offset, ld(m), beta, c.data, c.offset, ld(c));
  return c;
}

/**
 * α·(A·Bᵀ + B·Aᵀ) + β·out, symmetric in both triangles, A and B of one shape, both transposed or neither (BLAS syr2k).
 * @throws TypeError when one is transposed and the other not; RangeError as {@link syrk}.
 */
export function syr2k<T extends Real>(a: Operand<T>, b: Operand<T>, options: Update<Matrix<T>> = {}): Matrix<T> {
  requireUpdate("syr2k", options);
  const { alpha = 1, beta = 0 } = options;
  const left = stored(a);
  const right = stored(b);
  if ((left === a) !== (right === b)) throw new TypeError("syr2k: a and b must both be transposed or neither");
  requireShape("syr2k", "b", right, left.rows, left.cols);
  const c = matrixInto("syr2k", "out", a.rows, a.rows, left.data, options.out);
  routines(left.data).syr2k(
    left !== a,
    a.rows,
    a.cols,
    alpha,
    left.data,
    left.offset,
    ld(left),
    right.data,
    right.offset,
    ld(right),
    beta,
    c.data,
    c.offset,
    ld(c),
  );
  return c;
}

/**
 * α·A·B + β·out, or α·B·A + β·out on the right side, A symmetric and read in one triangle (BLAS symm).
 * @throws RangeError on shapes or when `out` shares memory with an operand.
 */
export function symm<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: Update<Matrix<T>> & Side = {}): Matrix<T> {
  requireUpdate("symm", options, SYMM);
  const { alpha = 1, beta = 0, side = "left", uplo = "lower" } = options;
  const left = isLeft("symm", a, b, side);
  const c = matrixInto("symm", "out", b.rows, b.cols, a.data, options.out);
  routines(a.data).symm(
    left,
    isLower("symm", uplo),
    b.rows,
    b.cols,
    alpha,
    a.data,
    a.offset,
    ld(a),
    b.data,
    b.offset,
    ld(b),
    beta,
    c.data,
    c.offset,
    ld(c),
  );
  return c;
}

/** Options of {@link trmm} and {@link trsm}. */
export interface Triangular<T extends Real> extends Side {
  /** May be `b` itself. */
  out?: Matrix<T>;
  /** Default 1. */
  alpha?: number;
  /** Whether the diagonal is taken as 1 and not read. */
  unit?: boolean;
}

/**
 * α·A·B, or α·B·A on the right side, A triangular; `uplo` names the triangle of the stored matrix, so `trmm(l.T, b)` is
 * Lᵀ·B for a lower L (BLAS trmm). @throws RangeError on shapes or when `out` shares memory with `a`.
 */
export function trmm<T extends Real>(a: Operand<T>, b: Matrix<T>, options: Triangular<T> = {}): Matrix<T> {
  return triangular("trmm", a, b, options);
}

/**
 * The solution X of A·X = α·B, or of X·A = α·B on the right side, A triangular as in {@link trmm} (BLAS trsm). A zero on
 * the diagonal gives infinities and NaN, as division does. @throws RangeError as {@link trmm}.
 */
export function trsm<T extends Real>(a: Operand<T>, b: Matrix<T>, options: Triangular<T> = {}): Matrix<T> {
  return triangular("trsm", a, b, options);
}

function triangular<T extends Real>(name: "trmm" | "trsm", a: Operand<T>, b: Matrix<T>, options: Triangular<T>): Matrix<T> {
  requireKnown(name, options, TRIANGULAR);
  const { alpha = 1, side = "left", uplo = "lower", unit = false } = options;
  const m = stored(a);
  const left = isLeft(name, m, b, side);
  const lower = isLower(name, uplo);
  const out = copyInto(name, b, options.out);
  routines(m.data)[name](left, lower, m !== a, unit, b.rows, b.cols, alpha, m.data, m.offset, ld(m), out.data, out.offset, ld(out));
  return out;
}

function isLeft(name: string, a: Matrix<Real>, b: Matrix<Real>, side: "left" | "right"): boolean {
  if (side !== "left" && side !== "right") throw new RangeError(`${name}: side must be "left" or "right", got ${String(side)}`);
  const order = requireSquare(name, a);
  const wanted = side === "left" ? b.rows : b.cols;
  if (order !== wanted)
    throw new RangeError(`${name}: a must be ${wanted}×${wanted} on the ${side} of b (${b.rows}×${b.cols}), got ${order}×${order}`);
  return side === "left";
}

function isLower(name: string, uplo: "lower" | "upper"): boolean {
  if (uplo !== "lower" && uplo !== "upper") throw new RangeError(`${name}: uplo must be "lower" or "upper", got ${String(uplo)}`);
  return uplo === "lower";
}

/** α·A·B as {@link gemm}, in a new matrix, on the thread pool; see {@link Cancellable}. */
export function gemmAsync<T extends Real>(
  a: Operand<T>,
  b: Operand<T>,
  options: Cancellable & { alpha?: number } = {},
): Promise<Matrix<T>> {
  inner("gemmAsync", a, b);
  const [m, n, k] = [a.rows, b.cols, a.cols];
  const left = stored(a);
  const right = stored(b);
  const { alpha = 1 } = options;
  return run(
    options,
    () =>
      routines(left.data).gemmAsync(
        left !== a,
        right !== b,
        m,
        n,
        k,
        alpha,
        left.data,
        left.offset,
        ld(left),
        right.data,
        right.offset,
        ld(right),
      ),
    (c) => new Matrix(c, m, n),
  );
}

/** α·A·Aᵀ as {@link syrk}, in a new matrix, on the thread pool; see {@link Cancellable}. */
export function syrkAsync<T extends Real>(a: Operand<T>, options: Cancellable & { alpha?: number } = {}): Promise<Matrix<T>> {
  const m = stored(a);
  const { alpha = 1 } = options;
  return run(
    options,
    () => routines(m.data).syrkAsync(m !== a, a.rows, a.cols, alpha, m.data, m.offset, ld(m)),
    (c) => new Matrix(c, a.rows, a.rows),
  );
}

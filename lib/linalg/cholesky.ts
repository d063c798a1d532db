import { routines } from "../binding.js";
import { copyInto, leading, requireSquare } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/**
 * The lower Cholesky factor L of a symmetric positive definite matrix, A = L·Lᵀ (LAPACK potrf), with zeros above its
 * diagonal. Only the lower triangle of `a` is read; `out` may be `a`.
 * @throws Error `ERR_NOT_POSITIVE_DEFINITE`, naming the leading minor, or `ERR_NOT_FINITE`; RangeError on shapes.
 */
export function cholesky<T extends Real>(a: Matrix<T>, options: { out?: Matrix<T> } = {}): Matrix<T> {
  const n = requireSquare("cholesky", a);
  const out = copyInto("cholesky", a, options.out);
  routines(a.data).potrf(true, true, n, out.data, out.offset, leading(out));
  return out;
}

/**
 * A⁻¹·B from the lower Cholesky factor of A (LAPACK potrs). `out` may be `b`.
 * @throws Error `ERR_OVERFLOW`; RangeError when the shapes do not fit.
 */
export function choleskySolve<T extends Real>(factor: Matrix<T>, b: Matrix<T>, options: { out?: Matrix<T> } = {}): Matrix<T> {
  const n = requireSquare("choleskySolve", factor);
  if (b.rows !== n) throw new RangeError(`choleskySolve: b must have ${n} rows, got ${b.rows}`);
  const out = copyInto("choleskySolve", b, options.out);
  routines(factor.data).potrs(true, n, b.cols, factor.data, factor.offset, leading(factor), out.data, out.offset, leading(out));
  return out;
}

/**
 * A⁻¹, symmetric, from the lower Cholesky factor of A (LAPACK potri). `out` may be `factor`.
 * @throws Error `ERR_SINGULAR`, `ERR_NOT_FINITE`, `ERR_OVERFLOW`; RangeError on shapes.
 */
export function choleskyInverse<T extends Real>(factor: Matrix<T>, options: { out?: Matrix<T> } = {}): Matrix<T> {
  const n = requireSquare("choleskyInverse", factor);
  const out = copyInto("choleskyInverse", factor, options.out);
  routines(factor.data).potri(true, n, out.data, out.offset, leading(out));
  return out;
}

/** As {@link cholesky}, on the thread pool; see {@link Cancellable}. */
export function choleskyAsync<T extends Real>(a: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("choleskyAsync", a);
  return run(
    options,
    () => routines(a.data).potrfAsync(n, a.data, a.offset, leading(a)),
    (factor) => new Matrix(factor, n, n),
  );
}

/** As {@link choleskySolve}, on the thread pool; see {@link Cancellable}. */
export function choleskySolveAsync<T extends Real>(factor: Matrix<T>, b: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("choleskySolveAsync", factor);
  if (b.rows !== n) throw new RangeError(`choleskySolveAsync: b must have ${n} rows, got ${b.rows}`);
  return run(
    options,
    () => routines(factor.data).potrsAsync(n, b.cols, factor.data, factor.offset, leading(factor), b.data, b.offset, leading(b)),
    (x) => new Matrix(x, n, b.cols),
  );
}

/** As {@link choleskyInverse}, on the thread pool; see {@link Cancellable}. */
export function choleskyInverseAsync<T extends Real>(factor: Matrix<T>, options: Cancellable = {}): Promise<Matrix<T>> {
  const n = requireSquare("choleskyInverseAsync", factor);
  return run(
    options,
    () => routines(factor.data).potriAsync(n, factor.data, factor.offset, leading(factor)),
    (inverse) => new Matrix(inverse, n, n),
  );
}

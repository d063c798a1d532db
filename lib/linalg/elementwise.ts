/** Sums, scalings and the like, on matrices and on vectors (plain typed arrays) alike. Precisions are never mixed. */
import { routines } from "../binding.js";
import { requireSquare } from "./arguments.js";
import { Matrix, type Real } from "./matrix.js";

/** What the functions below take: a matrix, or a vector. */
export type Elements<T extends Real = Float64Array> = Matrix<T> | T;

/** A vector as a matrix of one row. */
function view<T extends Real>(x: Elements<T>): Matrix<T> {
  return x instanceof Matrix ? x : new Matrix(x, 1, x.length);
}

function sameShape(name: string, x: Matrix<Real>, y: Matrix<Real>): void {
  if (x.rows !== y.rows || x.cols !== y.cols) {
    throw new RangeError(`${name}: x and y must have one shape, got ${x.rows}×${x.cols} and ${y.rows}×${y.cols}`);
  }
}

/**
 * y ← α·x + y, returning y (BLAS axpy). y may be x itself.
 * @throws RangeError on shapes or on partial overlap, TypeError on mixed precisions.
 */
export function axpy<T extends Real, Y extends Elements<T>>(alpha: number, x: Elements<T>, y: Y): Y {
  const a = view(x);
  const b = view(y as Elements<T>);
  sameShape("axpy", a, b);
  routines(a.data).axpy(a.rows, a.cols, alpha, a.data, a.offset, a.stride || 1, b.data, b.offset, b.stride || 1);
  return y;
}

/** Σ x·y, the Frobenius inner product of matrices (BLAS dot). @throws RangeError on shapes, TypeError on mixed precisions. */
export function dot<T extends Real>(x: Elements<T>, y: Elements<T>): number {
  const a = view(x);
  const b = view(y);
  sameShape("dot", a, b);
  return routines(a.data).dot(a.rows, a.cols, a.data, a.offset, a.stride || 1, b.data, b.offset, b.stride || 1);
}

/** √Σx², the Frobenius norm of a matrix, without overflow or underflow on the way (BLAS nrm2); infinite where it does not fit a double. */
export function norm<T extends Real>(x: Elements<T>): number {
  const a = view(x);
  return routines(a.data).nrm2(a.rows, a.cols, a.data, a.offset, a.stride || 1);
}

/** x ← α·x, returning x (BLAS scal). */
export function scale<T extends Real, X extends Elements<T>>(alpha: number, x: X): X {
  const a = view(x as Elements<T>);
  routines(a.data).scal(a.rows, a.cols, alpha, a.data, a.offset, a.stride || 1);
  return x;
}

/** The sum of the diagonal. @throws RangeError when `a` is not square. */
export function trace<T extends Real>(a: Matrix<T>): number {
  const n = requireSquare("trace", a);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a.get(i, i);
  return sum;
}

/** A ← A + c·I, returning A. @throws RangeError when `a` is not square. */
export function addDiagonal<T extends Real>(a: Matrix<T>, c: number): Matrix<T> {
  const n = requireSquare("addDiagonal", a);
  for (let i = 0; i < n; i++) a.set(i, i, a.get(i, i) + c);
  return a;
}

/** A ← (A + Aᵀ)/2, returning A. @throws RangeError when `a` is not square. */
export function symmetrize<T extends Real>(a: Matrix<T>): Matrix<T> {
  const n = requireSquare("symmetrize", a);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const sum = a.get(i, j) + a.get(j, i);
      const mean = Number.isFinite(sum) ? sum / 2 : a.get(i, j) / 2 + a.get(j, i) / 2;
      a.set(i, j, mean);
      a.set(j, i, mean);
    }
  }
  return a;
}

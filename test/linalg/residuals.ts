/** Residuals in the style of LAPACK's own tests: each is O(1) for a backward stable routine, and LAPACK's threshold is 30. */
import { allocate, type DType, Matrix, type Real } from "../../lib/linalg/matrix.js";

export const epsilon = (a: { data: Real }) => (a.data instanceof Float64Array ? 2 ** -53 : 2 ** -24);

/** A small generator for tests, so that they do not depend on the library's own random numbers. */
export function generator(seed: number): () => number {
  let s = seed >>> 0;
  const uniform = () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function gaussian(rows: number, cols: number, seed: number, dtype: DType = "float64"): Matrix<Real> {
  const normal = generator(seed);
  const out = new Matrix(allocate(rows * cols, dtype), rows, cols);
  for (let i = 0; i < out.data.length; i++) out.data[i] = normal();
  return out;
}

/** op(A)·op(B) by plain loops in double precision. */
export function product(a: Matrix<Real>, b: Matrix<Real>, ta = false, tb = false): Matrix {
  const [m, k] = ta ? [a.cols, a.rows] : [a.rows, a.cols];
  const n = tb ? b.rows : b.cols;
  const out = Matrix.zeros(m, n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const x = ta ? a.get(l, i) : a.get(i, l);
      if (x !== 0) for (let j = 0; j < n; j++) out.data[i * n + j]! += x * (tb ? b.get(j, l) : b.get(l, j));
    }
  }
  return out;
}

/** The 1-norm. */
export function norm1(a: Matrix<Real>): number {
  let largest = 0;
  for (let j = 0; j < a.cols; j++) {
    let sum = 0;
    for (let i = 0; i < a.rows; i++) sum += Math.abs(a.get(i, j));
    if (!(sum <= largest)) largest = sum;
  }
  return largest;
}

/** ‖A − B‖₁ / (dimension · ‖A‖₁ · ε), with 0/0 = 0. */
export function relative(a: Matrix<Real>, b: Matrix<Real>, like: { data: Real } = a): number {
  const difference = Matrix.zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) difference.set(i, j, a.get(i, j) - b.get(i, j));
  const error = norm1(difference);
  return error === 0 ? 0 : error / (Math.max(a.rows, a.cols) * norm1(a) * epsilon(like));
}

/** ‖QᵀQ − I‖₁ / (dimension · ε). */
export function orthogonality(q: Matrix<Real>): number {
  const gram = product(q, q, true, false);
  for (let i = 0; i < gram.rows; i++) gram.set(i, i, gram.get(i, i) - 1);
  return norm1(gram) / (Math.max(q.rows, q.cols, 1) * epsilon(q));
}

/** Scales column j by s[j]. */
export function scaleColumns(a: Matrix<Real>, s: ArrayLike<number>): Matrix {
  const out = Matrix.zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(i, j, a.get(i, j) * s[j]!);
  return out;
}

/** Aᵀ, in the precision of A. */
export function transpose(a: Matrix<Real>): Matrix<Real> {
  const out = new Matrix(allocate(a.rows * a.cols, a.data), a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}

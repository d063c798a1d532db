/** Linear algebra by plain loops in double precision, for checks. */
import { Matrix, type Real } from "../../lib/linalg/matrix.js";
import { product } from "../linalg/residuals.js";
import type { View } from "./harness.js";

export { product };

/** LAPACK's threshold, 30, in its ε = 2u, times the dimension. */
export const level = ({ u }: { u: number }, ...dimensions: number[]) => 60 * u * Math.max(1, ...dimensions);

export const transposed = (a: Matrix<Real>): Matrix => fromElements(a.cols, a.rows, (i, j) => a.get(j, i));

export function fromElements(rows: number, cols: number, element: (i: number, j: number) => number): Matrix {
  const out = Matrix.zeros(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[i * cols + j] = element(i, j);
  return out;
}

export const identityMatrix = (n: number) => fromElements(n, n, (i, j) => Number(i === j));

/** A view's elements, or a part of them. */
export const dense = (view: View, rows = view.rows, cols = view.cols) => fromElements(rows, cols, (i, j) => view.get(i, j));
/** The symmetric matrix in a triangle. */
export const symmetric = (view: View, lower = true) =>
  fromElements(view.rows, view.rows, (i, j) => (i === j || lower === i > j ? view.get(i, j) : view.get(j, i)));
/** A triangle, the other one zero; `unit`: with ones on the diagonal. */
export const triangle = (view: View, lower: boolean, unit = false, rows = view.rows, cols = view.cols) =>
  fromElements(rows, cols, (i, j) => (i === j ? (unit ? 1 : view.get(i, i)) : lower === i > j ? view.get(i, j) : 0));

/** The Frobenius norm. */
export function size(a: Matrix<Real>): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) sum += a.get(i, j) ** 2;
  return Math.sqrt(sum);
}

/** ‖A − B‖ in the Frobenius norm. */
export const distance = (a: Matrix<Real>, b: Matrix<Real>) => size(fromElements(a.rows, a.cols, (i, j) => a.get(i, j) - b.get(i, j)));

/** ‖QᵀQ − I‖. */
export const skewness = (q: Matrix<Real>) => distance(product(q, q, true), identityMatrix(q.cols));

/** Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations. */
export function jacobi(matrix: Matrix): { values: Float64Array; vectors: Matrix } {
  const n = matrix.rows;
  const a = fromElements(n, n, (i, j) => matrix.get(i, j));
  const v = identityMatrix(n);
  const level = size(a);
  for (let sweep = 0; sweep < 40; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a.get(p, q);
        off = Math.max(off, Math.abs(apq));
        if (apq === 0) continue;
        const theta = (a.get(q, q) - a.get(p, p)) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) rotate(a, k, p, k, q, c, s);
        for (let k = 0; k < n; k++) rotate(a, p, k, q, k, c, s);
        for (let k = 0; k < n; k++) rotate(v, k, p, k, q, c, s);
      }
    }
    if (off <= 1e-17 * level) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a.get(i, i) - a.get(j, j));
  return {
    values: Float64Array.from(order, (i) => a.get(i, i)),
    vectors: fromElements(n, n, (i, j) => v.get(i, order[j]!)),
  };
}

function rotate(a: Matrix, i: number, j: number, k: number, l: number, c: number, s: number): void {
  const [x, y] = [a.data[i * a.cols + j]!, a.data[k * a.cols + l]!];
  a.data[i * a.cols + j] = c * x - s * y;
  a.data[k * a.cols + l] = s * x + c * y;
}

/** V·diag(f(λ))·Vᵀ. */
export function spectral({ values, vectors }: { values: Float64Array; vectors: Matrix }, f: (value: number, i: number) => number): Matrix {
  const scaled = fromElements(vectors.rows, vectors.cols, (i, j) => vectors.get(i, j) * f(values[j]!, j));
  return product(scaled, vectors, false, true);
}

/** Singular values, descending, and vectors (columns; those of u for σ = 0 are zero), by Hestenes' one-sided rotations. */
export function hestenes(matrix: Matrix): { u: Matrix; s: Float64Array; v: Matrix } {
  const [m, n] = [matrix.rows, matrix.cols];
  if (m < n) {
    const { u, s, v } = hestenes(transposed(matrix));
    return { u: v, s, v: u };
  }
  const a = fromElements(m, n, (i, j) => matrix.get(i, j));
  const v = identityMatrix(n);
  const negligible = (1e-16 * size(a)) ** 2;
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let i = 0; i < m; i++) {
          alpha += a.get(i, p) ** 2;
          beta += a.get(i, q) ** 2;
          gamma += a.get(i, p) * a.get(i, q);
        }
        if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta) || Math.sqrt(alpha * beta) <= negligible) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (let i = 0; i < m; i++) rotate(a, i, p, i, q, c, t * c);
        for (let i = 0; i < n; i++) rotate(v, i, p, i, q, c, t * c);
      }
    }
  }
  const sigma = Float64Array.from({ length: n }, (_, j) => Math.hypot(...Array.from({ length: m }, (_, i) => a.get(i, j))));
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => sigma[j]! - sigma[i]!);
  return {
    u: fromElements(m, n, (i, j) => (sigma[order[j]!]! > 0 ? a.get(i, order[j]!) / sigma[order[j]!]! : 0)),
    s: Float64Array.from(order, (i) => sigma[i]!),
    v: fromElements(n, n, (i, j) => v.get(i, order[j]!)),
  };
}

/** A⁻¹ by Gauss and Jordan; infinite where a pivot is zero. */
export function inverse(matrix: Matrix): Matrix {
  const n = matrix.rows;
  const a = fromElements(n, 2 * n, (i, j) => (j < n ? matrix.get(i, j) : Number(j - n === i)));
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.abs(a.get(i, k)) > Math.abs(a.get(best, k))) best = i;
    for (let j = 0; j < 2 * n; j++) {
      const [x, y] = [a.get(k, j), a.get(best, j)];
      a.set(k, j, y);
      a.set(best, j, x);
    }
    const pivot = a.get(k, k);
    for (let j = 0; j < 2 * n; j++) a.set(k, j, a.get(k, j) / pivot);
    for (let i = 0; i < n; i++) {
      const factor = a.get(i, k);
      if (i !== k && factor !== 0) for (let j = 0; j < 2 * n; j++) a.set(i, j, a.get(i, j) - factor * a.get(k, j));
    }
  }
  return fromElements(n, n, (i, j) => a.get(i, n + j));
}

/** H₀·H₁·…·H_{k−1}·C, or its transpose's product, Hₗ = I − τₗ·v·vᵀ, v in column l of `packed` below the diagonal, 1 on it. */
export function reflect(packed: View, tau: View, k: number, transpose: boolean, c: Matrix): Matrix {
  const out = fromElements(c.rows, c.cols, (i, j) => c.get(i, j));
  for (let step = 0; step < k; step++) {
    const l = transpose ? step : k - 1 - step;
    const v = (i: number) => (i === l ? 1 : packed.get(i, l));
    for (let j = 0; j < c.cols; j++) {
      let dot = 0;
      for (let i = l; i < c.rows; i++) dot += v(i) * out.get(i, j);
      for (let i = l; i < c.rows; i++) out.set(i, j, out.get(i, j) - tau.get(l) * dot * v(i));
    }
  }
  return out;
}

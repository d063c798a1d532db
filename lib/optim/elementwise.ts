import { dot, scale } from "../linalg/index.js";
import type { Matrix, Real } from "../linalg/matrix.js";

/** Whether every element is finite. Works on any view. */
export function isFiniteMatrix(a: Matrix<Real>): boolean {
  // A finite sum of squares has finite terms; an infinite one may come from overflow alone.
  if (Number.isFinite(dot(a, a))) return true;
  const { data, rows, cols, stride, offset } = a;
  let sum = 0; // x·0 is 0 for finite x and NaN otherwise
  for (let i = 0; i < rows; i++) {
    const start = offset + i * stride;
    for (let k = start; k < start + cols; k++) sum += data[k]! * 0;
  }
  return sum === 0;
}

/** ⟨a, b⟩ of contiguous or strided matrices of one shape, summed in double precision. */
export function inner(a: Matrix<Real>, b: Matrix<Real>): number {
  if (a.data instanceof Float64Array) return dot(a, b);
  let sum = 0;
  for (let i = 0; i < a.rows; i++) {
    const p = a.offset + i * a.stride;
    const q = b.offset + i * b.stride;
    for (let j = 0; j < a.cols; j++) sum += a.data[p + j]! * b.data[q + j]!;
  }
  return sum;
}

/** Frobenius norm, safe from overflow and underflow of the squares. */
export function frobenius(a: Matrix<Real>): number {
  const direct = Math.sqrt(inner(a, a));
  if (direct > 1e-140 && direct < 1e140) return direct;
  let max = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) max = Math.max(max, Math.abs(a.get(i, j)));
  if (max === 0 || !Number.isFinite(max)) return max;
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) sum += (a.get(i, j) / max) ** 2;
  return max * Math.sqrt(sum);
}

/** y ← s·y, contiguous. */
export function scaleInPlace(y: Matrix<Real>, s: number): void {
  scale(s, y);
}

/**
 * x over the root of a second moment. Where there never was a gradient (0) nothing moves. A second moment that overflowed would hold its
 * coordinate still for ever: NaN, so that the update is refused, counted, and the parameter starts afresh.
 */
export function quotient(x: number, denominator: number): number {
  if (denominator === 0) return 0;
  return denominator === Number.POSITIVE_INFINITY ? Number.NaN : x / denominator;
}

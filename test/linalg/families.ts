/**
 * Difficult matrices, after LAPACK's own test suite: its families, its threshold of 30. Every matrix is scale·(a matrix of
 * moderate size), the scale a power of two, and residuals are taken after dividing it out, so that they do not overflow.
 */
import { type DType, Matrix, type Real } from "../../lib/linalg/index.js";
import { gaussian, generator, scaleColumns, transpose } from "./residuals.js";

export const THRESHOLD = 30;
export const dtypes = ["float64", "float32"] as const;
export const ulp = (dtype: DType) => (dtype === "float64" ? 2 ** -52 : 2 ** -23);

/** H·A for the reflection H with the given normal vector. */
function reflect(v: readonly number[], a: Matrix): Matrix {
  const square = v.reduce((sum, x) => sum + x * x, 0);
  for (let j = 0; j < a.cols; j++) {
    let dot = 0;
    for (let i = 0; i < a.rows; i++) dot += v[i]! * a.get(i, j);
    for (let i = 0; i < a.rows; i++) a.set(i, j, a.get(i, j) - (2 * dot * v[i]!) / square);
  }
  return a;
}

/** Multiplies by random reflections from both sides, by the same ones when `similar`. */
export function rotate(a: Matrix, seed: number, similar: boolean): Matrix {
  const normal = generator(seed);
  const vector = (length: number) => Array.from({ length }, normal);
  let out = a;
  for (let k = 0; k < 2; k++) {
    const v = vector(a.rows);
    out = transpose(reflect(v, out)) as Matrix;
    out = transpose(reflect(similar ? v : vector(a.cols), out)) as Matrix;
  }
  return out;
}

/** Spectra of order n; `u` is the unit roundoff. */
export const spectra: Record<string, (i: number, n: number, u: number) => number> = {
  zero: () => 0,
  identity: () => 1,
  "rank one": (i) => (i === 0 ? 1 : 0),
  "half rank": (i, n) => (i < n / 2 ? 1 + i : 0),
  arithmetic: (i, n, u) => 1 - (i / Math.max(n - 1, 1)) * (1 - u),
  geometric: (i, n, u) => u ** (i / Math.max(n - 1, 1)),
  "one large": (i, _, u) => (i === 0 ? 1 : u),
  "one small": (i, n, u) => (i === n - 1 ? u : 1),
  "two clusters": (i, n, u) => (i < n / 3 ? 1 : 1e-3) * (1 + 3 * i * u),
};

export type Case = [name: string, a: Matrix<Real>, scale: number, spectrum: Float64Array | null];

/** Rounds scale·a to a precision. */
export function rounded(a: Matrix<Real>, scale: number, dtype: DType): Matrix<Real> {
  const out = gaussian(a.rows, a.cols, 0, dtype);
  for (let i = 0; i < out.data.length; i++) out.data[i] = a.data[i]! * scale;
  return out;
}

/** Symmetric matrices of order n; the positive definite ones have their own diagonal in front of the rounding. */
export function symmetricCases(n: number, dtype: DType): Case[] {
  const u = ulp(dtype);
  const huge = dtype === "float64" ? 2 ** 1012 : 2 ** 116;
  const exact = (a: Matrix) => {
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.set(j, i, a.get(i, j));
    return a;
  };
  const cases: Case[] = [];
  for (const [name, value] of Object.entries(spectra)) {
    const values = Float64Array.from({ length: n }, (_, i) => value(i, n, u));
    const signed = values.map((x, i) => (i % 2 ? -x : x));
    const rotated = exact(rotate(Matrix.diagonal(signed), n, true));
    cases.push([`${name}, rotated`, rounded(rotated, 1, dtype), 1, signed.slice().sort()]);
    cases.push([`${name}, diagonal`, rounded(Matrix.diagonal(signed), 1, dtype), 1, signed.slice().sort()]);
    if (name === "geometric" || name === "two clusters") {
      cases.push([`${name}, near overflow`, rounded(rotated, huge, dtype), huge, signed.slice().sort()]);
      cases.push([`${name}, near underflow`, rounded(rotated, 1 / huge, dtype), 1 / huge, null]);
    }
  }
  const graded = exact(gaussian(n, n, n + 1) as Matrix);
  const badly = graded.clone();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      graded.set(i, j, graded.get(i, j) * 10 ** ((-6 * (i + j)) / n));
      badly.set(i, j, badly.get(i, j) * 10 ** (((i * 7919) % 9) - 4 + ((j * 7919) % 9) - 4));
    }
  }
  cases.push(["graded", rounded(graded, 1, dtype), 1, null], ["badly scaled", rounded(badly, 1, dtype), 1, null]);
  const wilkinson = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++) {
    wilkinson.set(i, i, Math.abs(i - (n - 1) / 2));
    if (i) wilkinson.set(i, i - 1, 1);
  }
  cases.push(["Wilkinson", rounded(exact(wilkinson), 1, dtype), 1, null]);
  return cases;
}

/** Rectangular matrices with the same spectra as singular values. */
export function rectangularCases(m: number, n: number, dtype: DType): Case[] {
  const u = ulp(dtype);
  const huge = dtype === "float64" ? 2 ** 1012 : 2 ** 116;
  const cases: Case[] = [];
  for (const [name, value] of Object.entries(spectra)) {
    const k = Math.min(m, n);
    const values = Float64Array.from({ length: k }, (_, i) => value(i, k, u));
    const diagonal = Matrix.zeros(m, n);
    for (let i = 0; i < k; i++) diagonal.set(i, i, values[i]!);
    const a = rotate(diagonal, m + n, false);
    const sorted = values.slice().sort().reverse();
    cases.push([name, rounded(a, 1, dtype), 1, sorted]);
    if (name === "arithmetic") {
      cases.push(["near overflow", rounded(a, huge, dtype), huge, sorted], ["near underflow", rounded(a, 1 / huge, dtype), 1 / huge, null]);
    }
  }
  const badly = gaussian(m, n, m) as Matrix;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) badly.set(i, j, badly.get(i, j) * 10 ** (((i * 7919) % 9) - 4 + (j % 5)));
  cases.push(["badly scaled", rounded(badly, 1, dtype), 1, null]);
  return cases;
}

export const unscaled = (a: Matrix<Real>, scale: number) => scaleColumns(a, new Float64Array(a.cols).fill(1 / scale));

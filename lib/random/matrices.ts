import { Matrix, qr } from "../linalg/index.js";
import type { Stream } from "./stream.js";

/**
 * n×k with orthonormal columns, uniform (Haar) on the Stiefel manifold; k = n gives a Haar orthogonal matrix. The Q of a
 * Gaussian matrix with R's diagonal made positive (Mezzadri, "How to generate random matrices from the classical compact
 * groups", Notices AMS 54, 2007; without the signs the law would depend on the QR routine).
 * @throws RangeError unless 0 ≤ k ≤ n.
 */
export function orthogonal(stream: Stream, n: number, k: number = n): Matrix {
  if (!(Number.isInteger(k) && k >= 0 && k <= n)) throw new RangeError(`orthogonal: k must be an integer in [0, n = ${n}], got ${k}`);
  const { q, r } = qr(stream.normal(Matrix.zeros(n, k)));
  for (let i = 0; i < n; i++) {
    const row = q.rowArray(i);
    for (let j = 0; j < k; j++) if (r.get(j, j) < 0) row[j] = -row[j]!;
  }
  return q;
}

/**
 * The lower triangular Bartlett factor L of a Wishart matrix: for X df×n with independent standard normal entries, XᵀX and
 * L·Lᵀ have the same law, L_ii² ~ χ²(df − i) (i from 0), L_ij ~ N(0, 1) below the diagonal (Bartlett, Proc. Roy. Soc.
 * Edinburgh 53, 1933). With S^{1/2} of a covariance, S^{1/2}·L is a factor of a Wishart(S, df). For an integer df < n the
 * matrix has rank df and L's columns from df on are zero.
 * @param df degrees of freedom (samples): any real > n − 1, or an integer ≥ 0
 * @throws RangeError on other df, or when `out` is not n×n.
 */
export function wishartFactor(stream: Stream, n: number, df: number, { out = Matrix.zeros(n, n) }: { out?: Matrix } = {}): Matrix {
  if (!(df > n - 1 || (Number.isInteger(df) && df >= 0)) || !Number.isFinite(df)) {
    throw new RangeError(`wishartFactor: df must be a finite number > n − 1 = ${n - 1}, or an integer ≥ 0, got ${df}`);
  }
  if (out.rows !== n || out.cols !== n) throw new RangeError(`wishartFactor: out must be ${n}×${n}, got ${out.rows}×${out.cols}`);
  const rank = Math.min(n, Math.ceil(df));
  if (scratch.length < n + n * n) scratch = new Float64Array(n + n * n);
  const diagonal = stream.chiSquare(scratch.subarray(0, rank), df, { step: -1 });
  const below = stream.normal(scratch.subarray(n, n + (rank * (rank - 1)) / 2 + (n - rank) * rank));
  const { data, stride } = out;
  for (let i = 0, at = 0; i < n; i++) {
    const start = out.offset + i * stride;
    const count = Math.min(i, rank);
    for (let j = 0; j < count; j++) data[start + j] = below[at++]!;
    data.fill(0, start + count, start + n);
    if (i < rank) data[start + i] = Math.sqrt(diagonal[i]!);
  }
  return out;
}

/** Kept between calls: a factor is drawn per training step. */
let scratch = new Float64Array(0);

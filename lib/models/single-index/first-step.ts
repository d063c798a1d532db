import { addDiagonal, axpy, cholesky, choleskySolve, gemm, gemv, Matrix, norm, singularValues, syrk } from "../../linalg/index.js";

/**
 * The KFAC step on a layer with inputs X and output gradients δ: `δᵀX/n · (XᵀX/n + λI)^{-1}`, k×d. Solved in the smaller of the two
 * spaces, as `δᵀ(XXᵀ/n + λI)^{-1}X/n` when n < d; λ = 0 is least squares, or the least-norm interpolant when n < d.
 * @param x n×d
 * @param delta n×k, per example (not divided by n)
 * @param lambda damping ≥ 0
 * @throws Error `ERR_NOT_POSITIVE_DEFINITE` when λ = 0 and the statistics are singular
 */
export function preconditionedStep(x: Matrix, delta: Matrix, lambda: number): Matrix {
  const [n, d] = [x.rows, x.cols];
  const dual = n < d;
  const gram = addDiagonal(syrk(dual ? x : x.T, { alpha: 1 / n }), lambda);
  const factor = cholesky(gram, { out: gram });
  if (dual) return gemm(choleskySolve(factor, delta).T, x, { alpha: 1 / n });
  const solution = gemm(x.T, delta, { alpha: 1 / n });
  choleskySolve(factor, solution, { out: solution });
  const out = Matrix.zeros(delta.cols, d);
  for (let i = 0; i < d; i++) for (let j = 0; j < delta.cols; j++) out.set(j, i, solution.get(i, j));
  return out;
}

/** The SGD step `δᵀX/n`, k×d. */
export function plainStep(x: Matrix, delta: Matrix): Matrix {
  return gemm(delta.T, x, { alpha: 1 / x.rows });
}

/**
 * What one gradient step writes into every row of G, up to scale: `β_SGD = Xᵀy/n`. To leading order
 * `G₁ ≈ G₀ + α η f βᵀ`, α = E σ'(Z) ({@link rankOneError} measures the rest).
 * @param x n×d inputs
 * @param y n labels
 */
export function sgdDirection(x: Matrix, y: Float64Array): Float64Array {
  return gemv(x.T, y, { alpha: 1 / x.rows });
}

/** The same for KFAC, ridge regression: `β_KFAC = (XᵀX/n + λI)^{-1}Xᵀy/n`; see {@link preconditionedStep}. */
export function kfacDirection(x: Matrix, y: Float64Array, lambda: number): Float64Array {
  return preconditionedStep(x, new Matrix(y, y.length, 1), lambda).data;
}

/**
 * KFAC's direction when its statistics come from other samples than its gradient: `(Ŝ₂ + λI)^{-1}X₁ᵀy₁/n₁`.
 * @param statistics n₂×d
 * @throws Error `ERR_NOT_POSITIVE_DEFINITE` when λ = 0 and the statistics are singular
 */
export function separateDirection(x: Matrix, y: Float64Array, statistics: Matrix, lambda: number): Float64Array {
  const gram = addDiagonal(syrk(statistics.T, { alpha: 1 / statistics.rows }), lambda);
  const plain = sgdDirection(x, y);
  return choleskySolve(cholesky(gram, { out: gram }), new Matrix(plain, plain.length, 1)).data;
}

/**
 * Output gradients `δ_i = (f(x_i) − y_i) f ∘ σ'(Gx_i)` of the loss ½(y − fᵀσ(Gx))² at the pre-activations of the ReLU network, n×h;
 * the gradient of the mean loss in G is `δᵀX/n`.
 * @param g h×d first layer
 * @param f h second layer
 */
export function outputGradients(g: Matrix, f: Float64Array, x: Matrix, y: Float64Array): Matrix {
  const [n, h] = [x.rows, g.rows];
  const delta = gemm(x, g.T); // pre-activations, overwritten row by row
  const { data } = delta;
  for (let i = 0; i < n; i++) {
    const row = i * h;
    let residual = -y[i];
    for (let j = 0; j < h; j++) if (data[row + j] > 0) residual += f[j] * data[row + j];
    for (let j = 0; j < h; j++) data[row + j] = data[row + j] > 0 ? residual * f[j] : 0;
  }
  return delta;
}

/** The leading-order gradient of G, `−α f βᵀ`, h×d: what it is when the output of the network at initialisation is negligible. */
export function rankOneStep(f: Float64Array, beta: Float64Array, alpha = 0.5): Matrix {
  const out = Matrix.zeros(f.length, beta.length);
  for (let i = 0, at = 0; i < f.length; i++) for (let j = 0; j < beta.length; j++, at++) out.data[at] = -alpha * f[i] * beta[j];
  return out;
}

/**
 * How far the actual first step is from its rank-one form: `‖∇ + α f βᵀ‖ / ‖α f βᵀ‖` in operator norm, in which it is small for
 * n, d, h large (Ba et al. 2022, arXiv 2205.01445, Prop. 2), and in Frobenius norm, in which it need not be.
 * @param gradient h×d, plain or preconditioned
 * @param beta direction of the same method, d
 * @param alpha E σ'(Z); ½ for the ReLU whatever the scale of the pre-activations
 */
export function rankOneError(gradient: Matrix, f: Float64Array, beta: Float64Array, alpha = 0.5): { operator: number; frobenius: number } {
  const leading = rankOneStep(f, beta, alpha);
  const error = axpy(-1, leading, gradient.clone());
  const size = norm(leading);
  return { operator: singularValues(error)[0] / size, frobenius: norm(error) / size };
}

/**
 * Linear representation learning, `y = F*G*x + ε` with G* of orthonormal rows and x of covariance S: local rates, the angle recursion
 * and the noise floor (Zhang et al., arXiv 2502.01763, §3). Pp = I − G*ᵀG* and T = (GG*ᵀ)^{-1}GPp is the tangent of the angle between
 * row spaces: subspace distance = t/√(1+t²), t = ‖T‖.
 */
import { cholesky, choleskyInverse, choleskySolve, eigvalsh, gemm, type Matrix, norm, solve, syrk, trace } from "../linalg/index.js";

function checkBasis(where: string, basis: Matrix, dimension: number): void {
  if (basis.cols !== dimension || basis.rows > dimension) {
    throw new RangeError(`${where}: basis must have ${dimension} columns and at most as many rows, got ${basis.rows}×${basis.cols}`);
  }
  const gram = syrk(basis);
  for (let i = 0; i < gram.rows; i++) {
    for (let j = 0; j < gram.rows; j++) {
      if (!(Math.abs(gram.get(i, j) - (i === j ? 1 : 0)) < 1e-8)) throw new RangeError(`${where}: rows of basis must be orthonormal`);
    }
  }
}

/** @throws RangeError unless square, finite and symmetric; Error `ERR_NOT_POSITIVE_DEFINITE`. Gives its Cholesky factor. */
function checkCovariance(where: string, matrix: Matrix): Matrix {
  const { rows: d } = matrix;
  if (d !== matrix.cols) throw new RangeError(`${where}: covariance must be square, got ${d}×${matrix.cols}`);
  let largest = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const value = matrix.get(i, j);
      if (!Number.isFinite(value)) throw new RangeError(`${where}: covariance must be finite, element (${i}, ${j}) is ${value}`);
      largest = Math.max(largest, Math.abs(value));
    }
  }
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      if (Math.abs(matrix.get(i, j) - matrix.get(j, i)) > 1e-8 * largest) {
        throw new RangeError(`${where}: covariance must be symmetric, elements (${i}, ${j}) and (${j}, ${i}) differ`);
      }
    }
  }
  return cholesky(matrix);
}

/**
 * Eigenvalues, ascending, of the Schur complement `S_c = Pp(S − SG*ᵀ(G*SG*ᵀ)^{-1}G*S)Pp` on the d−k directions orthogonal to G*: the
 * curvature left for the representation once the head follows by least squares.
 * @param covariance S, d×d symmetric positive definite
 * @param basis G*, k×d with orthonormal rows
 * @throws RangeError on shapes, a basis that is not orthonormal or a covariance that is not symmetric; Error `ERR_NOT_POSITIVE_DEFINITE`
 */
export function schurSpectrum(covariance: Matrix, basis: Matrix): Float64Array {
  checkCovariance("schurSpectrum", covariance);
  const d = covariance.rows;
  checkBasis("schurSpectrum", basis, d);
  const cross = gemm(basis, covariance);
  const explained = gemm(cross.T, choleskySolve(cholesky(gemm(cross, basis.T)), cross));
  const rest = covariance.clone();
  for (let i = 0; i < d * d; i++) rest.data[i] -= explained.data[i];
  // rest·G*ᵀ vanishes already, so rest = Pp·rest·Pp up to rounding; its k zero eigenvalues are the smallest.
  return eigvalsh(rest).slice(basis.rows);
}

/** Which sides of the gradient are preconditioned: by Q = S on the input side, by P = F*ᵀF* on the output side. */
export type Preconditioning = "none" | "left" | "right" | "both";

/** What {@link localRates} gives. */
export interface LocalRates {
  /** Factors `1 − η μ_i λ_j` (those preconditioned drop out) by which error modes shrink per step, ascending. */
  readonly modes: Float64Array;
  /** The slowest, max |mode|; below 1 means local convergence. */
  readonly radius: number;
}

function curvatures(head: ArrayLike<number>, schur: ArrayLike<number>, preconditioning: Preconditioning): number[] {
  if (!["none", "left", "right", "both"].includes(preconditioning)) {
    throw new RangeError(`local rates: preconditioning must be none, left, right or both, got ${preconditioning}`);
  }
  const one = [1];
  const mu = preconditioning === "left" || preconditioning === "both" ? one : Array.from(head);
  const lambda = preconditioning === "right" || preconditioning === "both" ? one : Array.from(schur);
  const products = mu.flatMap((m) => lambda.map((l) => m * l));
  if (!products.length || !products.every((c) => c > 0 && Number.isFinite(c))) {
    throw new RangeError("local rates: eigenvalues of F*ᵀF* and of the Schur complement must be positive and finite");
  }
  return products.sort((a, b) => a - b);
}

/**
 * Local rates near G*, population gradients, head at least squares: SGD/AMGD `1 − ημ_iλ_j`, only P `1 − ηλ_j`, only Q `1 − ημ_i`,
 * both `1 − η`.
 * @param head μ, eigenvalues of F*ᵀF*
 * @param schur λ, {@link schurSpectrum}
 * @param eta η > 0
 * @throws RangeError unless all are positive and finite
 */
export function localRates(
  head: ArrayLike<number>,
  schur: ArrayLike<number>,
  eta: number,
  preconditioning: Preconditioning = "none",
): LocalRates {
  if (!(eta > 0 && Number.isFinite(eta))) throw new RangeError(`localRates: eta must be positive and finite, got ${eta}`);
  const modes = Float64Array.from(curvatures(head, schur, preconditioning).reverse(), (c) => 1 - eta * c);
  return { modes, radius: Math.max(Math.abs(modes[0]), Math.abs(modes[modes.length - 1])) };
}

/**
 * The step size `2/(c_max + c_min)` that minimises the slowest local mode, and that mode `(K−1)/(K+1)`, K = c_max/c_min over the
 * curvatures of {@link localRates}: the number of steps of SGD grows in proportion to K.
 */
export function bestLocalRate(
  head: ArrayLike<number>,
  schur: ArrayLike<number>,
  preconditioning: Preconditioning = "none",
): { eta: number; radius: number } {
  const c = curvatures(head, schur, preconditioning);
  const [least, most] = [c[0], c[c.length - 1]];
  return { eta: 2 / (most + least), radius: (most - least) / (most + least) };
}

/**
 * Factors `1 − ηλ_i/(λ_i + λ_G)` by which damped KFAC contracts each eigendirection of S: λ_G must stay below the least eigenvalue for a
 * rate free of the condition number.
 * @throws RangeError unless eigenvalues are positive, damping ≥ 0 and eta positive
 */
export function dampedRates(eigenvalues: ArrayLike<number>, damping: number, eta: number): Float64Array {
  if (!(damping >= 0 && Number.isFinite(damping))) throw new RangeError(`dampedRates: damping must be finite and ≥ 0, got ${damping}`);
  if (!(eta > 0 && Number.isFinite(eta))) throw new RangeError(`dampedRates: eta must be positive and finite, got ${eta}`);
  if (!(eigenvalues.length > 0)) throw new RangeError("dampedRates: no eigenvalues");
  return Float64Array.from(eigenvalues, (s) => {
    if (!(s > 0 && Number.isFinite(s))) throw new RangeError(`dampedRates: eigenvalues must be positive and finite, got ${s}`);
    return 1 - (eta * s) / (s + damping);
  });
}

/**
 * One step of the angle under stylised KFAC (P = FᵀF, Q = S, no damping) with the head at population least squares:
 * `T⁺ = (1−η)(I + ηTR)^{-1}T`, R = (S₁₂ᵀ + S₂₂Tᵀ)(S₁₁ + S₁₂Tᵀ)^{-1}, in the blocks of S along G* and Pp. With Y = S(G* + T)ᵀ this is
 * TR = TY(G*Y)^{-1}. As T → 0 the factor tends to 1−η, whatever S.
 * @param tangent T, k×d with TG*ᵀ = 0
 * @param covariance S, d×d
 * @param basis G*, k×d with orthonormal rows
 * @param eta η, finite and ≥ 0
 * @throws RangeError on shapes, η, a tangent not orthogonal to the basis or not finite, a basis that is not orthonormal, a covariance that
 *   is not symmetric; Error `ERR_NOT_POSITIVE_DEFINITE`; `ERR_SINGULAR` when I + ηTR is singular
 */
export function angleStep(tangent: Matrix, covariance: Matrix, basis: Matrix, eta: number): Matrix {
  if (!(eta >= 0 && Number.isFinite(eta))) throw new RangeError(`angleStep: eta must be finite and ≥ 0, got ${eta}`);
  checkCovariance("angleStep", covariance);
  checkBasis("angleStep", basis, covariance.rows);
  if (tangent.rows !== basis.rows || tangent.cols !== basis.cols) {
    throw new RangeError(`angleStep: tangent must be ${basis.rows}×${basis.cols}, got ${tangent.rows}×${tangent.cols}`);
  }
  checkTangent("angleStep", tangent, basis);
  const y = gemm(covariance, add(basis, tangent, 1).T);
  const along = gemm(basis, y);
  // (I + ηTY(G*Y)^{-1})^{-1} = G*Y (G*Y + ηTY)^{-1}
  return gemm(along, solve(add(along, gemm(tangent, y), eta), tangent), { alpha: 1 - eta });
}

function checkTangent(where: string, tangent: Matrix, basis: Matrix): void {
  const size = norm(tangent);
  if (!Number.isFinite(size)) throw new RangeError(`${where}: tangent must be finite`);
  if (norm(gemm(tangent, basis.T)) > 1e-8 * size) throw new RangeError(`${where}: tangent must be orthogonal to basis (TG*ᵀ = 0)`);
}

function add(a: Matrix, b: Matrix, alpha: number): Matrix {
  const out = a.clone();
  for (let i = 0; i < out.rows; i++) for (let j = 0; j < out.cols; j++) out.set(i, j, out.get(i, j) + alpha * b.get(i, j));
  return out;
}

/** What {@link kfacNoiseFloor} gives. */
export interface NoiseFloor {
  /** Head F at the fixed point, dy×k. With F = F* the floor is that of E‖T‖_F², else of E‖GPp‖_F². */
  readonly head: Matrix;
  /** S, d×d. */
  readonly covariance: Matrix;
  /** G*, k×d with orthonormal rows. */
  readonly basis: Matrix;
  /** Batch size, > d + 1. */
  readonly n: number;
  /** Standard deviation s of the label noise. */
  readonly noise: number;
  /** Step size of G, in (0, 2). */
  readonly eta: number;
}

/**
 * Stationary error of stylised KFAC with fresh Gaussian batches:
 * `E‖GPp‖_F² → η/(2−η) · s² · tr((FᵀF)^{-1}) · tr(PpS^{-1}) / (n−d−1)`. The rate is free of the condition number; the floor is not.
 * @throws RangeError when n ≤ d + 1 (the mean of Ŝ^{-1} does not exist), η outside (0, 2), noise < 0, or shapes do not fit;
 *   Error `ERR_NOT_POSITIVE_DEFINITE` when F lacks full column rank or S is singular
 */
export function kfacNoiseFloor({ head, covariance, basis, n, noise, eta }: NoiseFloor): number {
  const factor = checkCovariance("kfacNoiseFloor", covariance);
  const d = covariance.rows;
  checkBasis("kfacNoiseFloor", basis, d);
  if (head.cols !== basis.rows) throw new RangeError(`kfacNoiseFloor: head must have ${basis.rows} columns, got ${head.cols}`);
  if (!(n > d + 1)) throw new RangeError(`kfacNoiseFloor: n must exceed d + 1 = ${d + 1}, got ${n}`);
  if (!(eta > 0 && eta < 2)) throw new RangeError(`kfacNoiseFloor: eta must be in (0, 2), got ${eta}`);
  if (!(noise >= 0 && Number.isFinite(noise))) throw new RangeError(`kfacNoiseFloor: noise must be finite and ≥ 0, got ${noise}`);
  const heads = trace(choleskyInverse(cholesky(syrk(head.T))));
  const inverse = choleskyInverse(factor);
  const orthogonal = trace(inverse) - trace(gemm(gemm(basis, inverse), basis.T));
  return ((eta / (2 - eta)) * noise ** 2 * heads * orthogonal) / (n - d - 1);
}

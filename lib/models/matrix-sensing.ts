import { axpy, cholesky, choleskyInverse, gemm, gemv, Matrix, norm, svd, syrk } from "../linalg/index.js";
import { logSpectrum, orthogonal, type Stream } from "../random/index.js";

/** Gradients of U and V as they are, or `∇_U (VᵀV)^{-1}` and `∇_V (UᵀU)^{-1}`: one-sided preconditioning of each factor. */
export type SensingMethod = "gd" | "scaled-gd";

/** What a matrix-sensing problem is made of. */
export interface SensingOptions {
  /** Rows and columns of M*. */
  readonly rows: number;
  readonly cols: number;
  readonly rank: number;
  /** σ_1/σ_r of M*; singular values log-spaced, the largest is 1. */
  readonly cond: number;
  /** Measurements; 0: infinitely many. */
  readonly measurements: number;
  /** Standard deviation of the noise of y. */
  readonly noise: number;
}

/**
 * Matrix sensing: `y_i = ⟨A_i, M*⟩ + s ε_i`, M* of rank r, A_i with independent standard normal entries; M = UVᵀ by descent on
 * `½ mean_i (⟨A_i, UVᵀ⟩ − y_i)²`. With infinitely many measurements the loss is ½‖UVᵀ − M*‖_F².
 */
export class MatrixSensing {
  readonly target: Matrix;
  /** Singular values of M*, descending. */
  readonly singular: Float64Array;
  readonly u: Matrix;
  readonly v: Matrix;
  readonly #sensors: Matrix | null = null;
  readonly #labels: Float64Array;

  /** Starts from the best rank-r approximation of mean_i y_i A_i (spectral initialisation), balanced between U and V. */
  constructor(stream: Stream, { rows, cols, rank, cond, measurements, noise }: SensingOptions) {
    const spectrum = logSpectrum(rank, cond).reverse();
    this.singular = spectrum.map((s) => s / spectrum[0]!);
    const left = orthogonal(stream.child("left"), rows, rank);
    const right = orthogonal(stream.child("right"), cols, rank);
    for (let j = 0; j < rank; j++) for (let i = 0; i < rows; i++) left.set(i, j, left.get(i, j) * this.singular[j]!);
    this.target = gemm(left, right.T);
    this.#labels = new Float64Array(measurements);
    let start = this.target;
    if (measurements > 0) {
      this.#sensors = stream.child("sensors").normal(Matrix.zeros(measurements, rows * cols));
      gemv(this.#sensors, this.target.data, { out: this.#labels });
      axpy(noise, stream.child("noise").normals(measurements), this.#labels);
      start = new Matrix(gemv(this.#sensors.T, this.#labels, { alpha: 1 / measurements }), rows, cols);
    } else {
      // Next to M*, off its tangent space as well.
      start = this.target.clone();
      axpy((0.1 * this.singular[rank - 1]!) / Math.sqrt(rows + cols), stream.child("start").normal(Matrix.zeros(rows, cols)), start);
    }
    const { u, s, vt } = svd(start);
    this.u = Matrix.zeros(rows, rank);
    this.v = Matrix.zeros(cols, rank);
    for (let j = 0; j < rank; j++) {
      const root = Math.sqrt(s[j]!);
      for (let i = 0; i < rows; i++) this.u.set(i, j, root * u.get(i, j));
      for (let i = 0; i < cols; i++) this.v.set(i, j, root * vt.get(j, i));
    }
  }

  /** UVᵀ − M*. */
  error(): Matrix {
    return axpy(-1, this.target, gemm(this.u, this.v.T));
  }

  /** ‖UVᵀ − M*‖_F / ‖M*‖_F. */
  relativeError(): number {
    return norm(this.error()) / norm(this.target);
  }

  /** One simultaneous step on U and V. @throws Error `ERR_NOT_POSITIVE_DEFINITE` when a factor has lost its rank */
  step(method: SensingMethod, lr: number): void {
    const { u, v } = this;
    const gradient = this.#gradient();
    let ofU = gemm(gradient, v);
    let ofV = gemm(gradient.T, u);
    if (method === "scaled-gd") {
      [ofU, ofV] = [gemm(ofU, choleskyInverse(cholesky(syrk(v.T)))), gemm(ofV, choleskyInverse(cholesky(syrk(u.T))))];
    }
    axpy(-lr, ofU, u);
    axpy(-lr, ofV, v);
  }

  /** mean_i (⟨A_i, UVᵀ⟩ − y_i) A_i. */
  #gradient(): Matrix {
    const sensors = this.#sensors;
    if (!sensors) return this.error();
    const product = gemm(this.u, this.v.T);
    const residual = axpy(-1, this.#labels, gemv(sensors, product.data));
    return new Matrix(gemv(sensors.T, residual, { alpha: 1 / sensors.rows }), product.rows, product.cols);
  }
}

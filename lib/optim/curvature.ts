import { gemm } from "../linalg/index.js";
import { Matrix, type Real } from "../linalg/matrix.js";
import type { Statistic } from "./types.js";

/** What full second order needs of a model, at the weights and batch of the last gradient. Parameters are flattened row-major in the optimizer's order. */
export interface CurvatureProvider {
  /** Number of outputs dy per example. */
  readonly outputs: number;
  /** (n·dy)×P: derivatives of the outputs, example by example. */
  jacobian(): Matrix<Real>;
  /** (n·dy)×dy: Hessians of each example's loss in its outputs, stacked; null: the identity (½ squared error). */
  outputHessian?(): Matrix<Real> | null;
  /** n×dy: loss gradients in the outputs, with labels sampled from the model or the data's. For `fisher` sampled and empirical. */
  outputGradients?(labels: "sampled" | "empirical"): Matrix<Real>;
  /** P×P: E[Jᵀ H J] itself, from a model that has it more cheaply than by its Jacobian, which is then not asked for. */
  curvature?(): Matrix<Real>;
  /** n×P: each example's gradient, likewise. */
  exampleGradients?(labels: "sampled" | "empirical"): Matrix<Real>;
  /**
   * C (`exact`, or of sampled labels or the data's) by its rows, from a model that need not write them down: for the Gramian form, which has a side of rows instead of weights.
   * @throws RangeError when there are more than `most` rows.
   */
  readonly rows?: (fisher: "exact" | "sampled" | "empirical", most: number) => CurvatureRows;
}

/** C = scale·BᵀB by what can be asked of B, N×P. Valid, as are the matrices it gives, until the next batch; those are overwritten by the next call. */
export interface CurvatureRows {
  /** N. */
  readonly count: number;
  readonly scale: number;
  /** B·Bᵀ, N×N; at least its lower triangle. */
  gramian(): Matrix<Real>;
  /** B·v, N×1, of v P×1. */
  times(v: Matrix<Real>): Matrix<Real>;
  /** Bᵀ·u, P×1, of u N×1. */
  transposeTimes(u: Matrix<Real>): Matrix<Real>;
}

/** C as a statistic over all weights: a moment, or per-example gradients as samples. */
export class Curvature {
  #product: Matrix<Real> | null = null;
  #moment: Matrix<Real> | null = null;

  constructor(
    private readonly provider: CurvatureProvider,
    private readonly fisher: "exact" | "sampled" | "empirical",
    private readonly size: number,
  ) {}

  statistic(): Statistic {
    const { provider, fisher } = this;
    if (fisher === "exact" && provider.curvature) return { moment: this.#checked("curvature", provider.curvature()) };
    if (fisher !== "exact" && provider.exampleGradients) {
      return { samples: this.#checked("exampleGradients", provider.exampleGradients(fisher)) };
    }
    const dy = provider.outputs;
    const j = provider.jacobian();
    if (j.cols !== this.size || j.rows % dy !== 0) {
      throw new RangeError(
        `gauss-newton: the Jacobian must have ${this.size} columns and a multiple of ${dy} rows, got ${j.rows}×${j.cols}`,
      );
    }
    const n = j.rows / dy;
    const hessian = fisher === "exact" ? (provider.outputHessian?.() ?? null) : null;
    if (fisher === "exact" && !hessian) return { samples: j, scale: dy };
    if (fisher !== "exact") {
      const delta = provider.outputGradients?.(fisher);
      if (!delta) throw new TypeError(`gauss-newton: fisher "${fisher}" needs a provider with outputGradients`);
      // Per-example gradients Jᵢᵀδᵢ.
      const samples = this.#buffer(n, j);
      for (let i = 0; i < n; i++) gemm(delta.block(i, 0, 1, dy), j.block(i * dy, 0, dy, j.cols), { out: samples.block(i, 0, 1, j.cols) });
      return { samples };
    }
    const product = this.#buffer(j.rows, j);
    for (let i = 0; i < n; i++)
      gemm(hessian!.block(i * dy, 0, dy, dy), j.block(i * dy, 0, dy, j.cols), { out: product.block(i * dy, 0, dy, j.cols) });
    this.#moment ??= j.data instanceof Float64Array ? Matrix.zeros(j.cols, j.cols) : Matrix.zeros(j.cols, j.cols, "float32");
    return { moment: gemm(j.T, product, { out: this.#moment, alpha: 1 / n }) };
  }

  #checked(name: string, matrix: Matrix<Real>): Matrix<Real> {
    if (matrix.cols !== this.size) throw new RangeError(`gauss-newton: ${name} must have ${this.size} columns, got ${matrix.cols}`);
    return matrix;
  }

  #buffer(rows: number, j: Matrix<Real>): Matrix<Real> {
    if (this.#product?.rows !== rows) this.#product = Matrix.zeros(rows, j.cols, j.data instanceof Float64Array ? "float64" : "float32");
    return this.#product!;
  }
}

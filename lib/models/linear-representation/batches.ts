import { axpy, gemm, Matrix, syrk } from "../../linalg/index.js";
import { type Inputs, type Stream, wishartFactor } from "../../random/index.js";
import { SymmetricSolver, solveRight } from "./symmetric-solver.js";
import type { Task } from "./task.js";

/** Added to variances before the square root, in batch normalisation. */
export const BATCH_NORM_EPSILON = 1e-5;

/** Where the batches of a task come from. */
export interface BatchOptions {
  /** Examples per batch. */
  readonly n: number;
  /**
   * `batch`: n explicit examples. `statistics`: their sufficient statistics, drawn exactly in law without drawing the
   * examples (Gaussian inputs only; other random numbers than `batch`).
   */
  readonly sampling: "batch" | "statistics";
  /** Law of the entries of u: standard normal or ±1. */
  readonly inputs: Inputs;
  /** Subtract the batch mean from inputs and outputs, as batch normalisation does. */
  readonly centered?: boolean;
  /** Divide every input coordinate by its standard deviation over the batch (batch normalisation of x). */
  readonly standardized?: boolean;
}

/**
 * A batch, seen through its second moments: matrices X (d×c) and Y (dy×c), X = C U, with
 * `X Xᵀ/n`, `Y Xᵀ/n` and `Y Yᵀ/n` the moments of n examples. A deep linear network with squared loss sees nothing else of
 * them: its loss and its gradients on the c columns, divided by n, are exactly those on the n examples. The columns may be
 * the examples (c = n), or fewer columns with the same moments in law ({@link Batches}).
 */
export class Batch {
  /** Columns u, d×c. */
  readonly u: Matrix;
  /** Columns y, dy×c. */
  readonly y: Matrix;
  /** What sums over columns are divided by. */
  readonly n: number;
  /** C, d×d (symmetric unless inputs are standardised); null: the identity. */
  color: Matrix | null = null;
  inverseColor: Matrix | null = null;
  /** L with U Uᵀ = L Lᵀ, if known. */
  root: Matrix | null = null;
  readonly #gram: Matrix;
  readonly #moment: Matrix;
  readonly #left: Matrix;
  readonly #solver: SymmetricSolver;
  #gramIsFresh = false;
  #momentIsFresh = false;

  constructor(u: Matrix, y: Matrix, n: number = u.cols) {
    const { rows: d } = u;
    this.u = u;
    this.y = y;
    this.n = n;
    this.#gram = Matrix.zeros(d, d);
    this.#moment = Matrix.zeros(d, d);
    this.#left = Matrix.zeros(d, d);
    this.#solver = new SymmetricSolver(d);
  }

  /** Must be called when U changed. */
  touch(): void {
    this.#gramIsFresh = false;
    this.#momentIsFresh = false;
  }

  /** W = U Uᵀ/n, computed when first asked for. */
  get gram(): Matrix {
    if (!this.#gramIsFresh) syrk(this.u, { out: this.#gram, alpha: 1 / this.n });
    this.#gramIsFresh = true;
    return this.#gram;
  }

  /** Sxx = X Xᵀ/n = C W Cᵀ, computed when first asked for. */
  get inputMoment(): Matrix {
    const { color, root, n } = this;
    if (!color) return this.gram;
    if (!this.#momentIsFresh) {
      if (root) {
        gemm(color, root, { out: this.#left });
        syrk(this.#left, { out: this.#moment, alpha: 1 / n });
      } else {
        gemm(color, this.gram, { out: this.#left });
        gemm(this.#left, color.T, { out: this.#moment });
      }
    }
    this.#momentIsFresh = true;
    return this.#moment;
  }

  /**
   * Γ Cᵀ (Sxx + λI)^{-1} into `out`, for Γ (rows×d), which is overwritten. In the coordinates of u it is
   * Γ (W + λ (CᵀC)^{-1})^{-1} C^{-1}: nothing d×d×d is formed when L is known and λ = 0, and W is well conditioned whatever
   * C is. A singular W is inverted on its range.
   * @returns false when the batch is not finite.
   */
  solve(gamma: Matrix, damping: number, out: Matrix): boolean {
    const { color, inverseColor, root, n } = this;
    let scale = 1;
    if (root && damping === 0) {
      solveRight(root, gamma);
      scale = n;
    } else {
      let metric = this.gram;
      if (inverseColor && damping !== 0) {
        metric = this.#left.copy(metric);
        syrk(inverseColor, { out: metric, alpha: damping, beta: 1 });
      }
      if (!this.#solver.set(metric, color ? 0 : damping)) return false;
      this.#solver.right(gamma);
    }
    if (inverseColor) gemm(gamma, inverseColor, { out, alpha: scale });
    else axpy(scale, gamma, out.fill(0));
    return true;
  }
}

/** Given data as a batch; rows of X (n×d) and Y (n×dy) are examples. */
export function batchOf(x: Matrix, y: Matrix): Batch {
  return new Batch(transpose(x), transpose(y));
}

/**
 * A stream of batches of one task, x = S^{1/2} u, y = M x + s ε. The unit-variance variables are drawn as columns of
 * A = [U; E], (d+dy)×c, with `A Aᵀ = Σᵢ (uᵢ, εᵢ)(uᵢ, εᵢ)ᵀ` over n examples:
 *
 * - Explicit examples: the columns are the n examples.
 * - Statistics: A = L, the lower-triangular Bartlett factor of a Wishart matrix with n degrees of freedom (n − 1 after
 *   centring), c = d + dy. Its rows have exactly the joint law of UᵀU and of εᵀU given U (matrix normal: Z L₁₁ᵀ).
 *
 * One batch is kept and refilled; drawing allocates nothing.
 */
export class Batches {
  readonly #task: Task;
  readonly #options: BatchOptions;
  readonly #inputStream: Stream;
  readonly #noiseStream: Stream;
  readonly #columns: Matrix;
  /** The present batch; {@link next} refills it. */
  readonly batch: Batch;
  readonly #mean: Matrix;
  readonly #ones: Matrix | null;
  /** G* S^{1/2}, k×d, and its product with U. */
  readonly #colored: Matrix;
  readonly #target: Matrix;

  /** @throws RangeError when `statistics` is asked for inputs that are not Gaussian, or for n ≤ d + dy. */
  constructor(stream: Stream, task: Task, options: BatchOptions) {
    const { rows: dy, cols: k } = task.head;
    const d = task.trunk.cols;
    const { n, sampling, inputs, centered, standardized } = options;
    if (sampling === "statistics" && inputs !== "gaussian") {
      throw new RangeError(`sampling=statistics needs inputs=gaussian, got inputs=${inputs}: only then is XᵀX a Wishart matrix`);
    }
    if (sampling === "statistics" && n <= d + dy) {
      throw new RangeError(`sampling=statistics needs n > d + dy = ${d + dy}, got n=${n}: use sampling=batch`);
    }
    this.#task = task;
    this.#options = options;
    this.#inputStream = stream.child("inputs");
    this.#noiseStream = stream.child("noise");
    const c = sampling === "batch" ? n : d + dy;
    this.#columns = Matrix.zeros(d + dy, c);
    const batch = new Batch(this.#columns.block(0, 0, d, c), this.#columns.block(d, 0, dy, c), n);
    const { covariance } = task;
    batch.color = standardized ? covariance.sqrt.clone() : covariance.sqrt;
    batch.inverseColor = standardized ? covariance.power(-0.5).clone() : covariance.power(-0.5);
    if (sampling === "statistics") batch.root = this.#columns.block(0, 0, d, d);
    this.batch = batch;
    this.#mean = Matrix.zeros(d + dy, 1);
    this.#ones = sampling === "batch" && centered ? Matrix.zeros(c, 1).fill(1) : null;
    this.#colored = gemm(task.trunk, covariance.sqrt);
    this.#target = Matrix.zeros(k, c);
  }

  /** The next batch, in the place of the last one. */
  next(): Batch {
    const { n, sampling, inputs, centered, standardized } = this.#options;
    const { batch } = this;
    if (sampling === "statistics") {
      wishartFactor(this.#inputStream, this.#columns.rows, centered ? n - 1 : n, { out: this.#columns });
    } else {
      if (inputs === "gaussian") this.#inputStream.normal(batch.u);
      else this.#inputStream.rademacher(batch.u);
      this.#noiseStream.normal(batch.y);
      if (this.#ones) {
        gemm(this.#columns, this.#ones, { out: this.#mean, alpha: 1 / n });
        gemm(this.#mean, this.#ones.T, { out: this.#columns, alpha: -1, beta: 1 });
      }
    }
    batch.touch();
    // Y = F* (G* S^{1/2} U) + s E, in the place of E
    gemm(this.#colored, batch.u, { out: this.#target });
    gemm(this.#task.head, this.#target, { out: batch.y, beta: this.#task.noise });
    if (standardized) this.#standardize();
    return batch;
  }

  /** C = D S^{1/2}, D = diag(var(x) + ε)^{-1/2} over the batch. */
  #standardize(): void {
    const { batch } = this;
    const { sqrt } = this.#task.covariance;
    const inverse = this.#task.covariance.power(-0.5);
    const color = batch.color!.copy(sqrt);
    const inverseColor = batch.inverseColor!.copy(inverse);
    const variances = batch.inputMoment;
    for (let j = 0; j < color.rows; j++) {
      const deviation = Math.sqrt(variances.get(j, j) + BATCH_NORM_EPSILON);
      for (let i = 0; i < color.cols; i++) {
        color.set(j, i, sqrt.get(j, i) / deviation);
        inverseColor.set(i, j, inverse.get(i, j) * deviation);
      }
    }
    batch.touch();
  }
}

function transpose(a: Matrix): Matrix {
  const out = Matrix.zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}

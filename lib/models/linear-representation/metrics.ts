import { eigvalsh, gemm, Matrix, norm, syrk } from "../../linalg/index.js";
import type { Task } from "./task.js";

/**
 * Orthonormalises the rows of `a` (k×d, k ≤ d) in place by Gram–Schmidt, twice, which leaves rounding only.
 * @returns false when the rows are linearly dependent to working precision or not finite; `a` is then meaningless.
 */
export function orthonormalizeRows(a: Matrix): boolean {
  const { data, rows, cols, stride, offset } = a;
  for (let i = 0; i < rows; i++) {
    const row = offset + i * stride;
    let before = 0;
    for (let j = 0; j < cols; j++) before += data[row + j]! ** 2;
    let after = before;
    for (let pass = 0; pass < 2; pass++) {
      for (let p = 0; p < i; p++) {
        const other = offset + p * stride;
        let along = 0;
        for (let j = 0; j < cols; j++) along += data[row + j]! * data[other + j]!;
        for (let j = 0; j < cols; j++) data[row + j]! -= along * data[other + j]!;
      }
      after = 0;
      for (let j = 0; j < cols; j++) after += data[row + j]! ** 2;
    }
    if (!(after > before * DEPENDENT && after < Number.POSITIVE_INFINITY)) return false;
    const scale = 1 / Math.sqrt(after);
    for (let j = 0; j < cols; j++) data[row + j]! *= scale;
  }
  return true;
}

/** Squared sine below which a row is in the span of those before it: (100 ulp)². */
const DEPENDENT = (100 * Number.EPSILON) ** 2;

/** Metrics of a student as a linear map, on buffers that are kept. */
export class Metrics {
  readonly #rows: Matrix;
  readonly #overlap: Matrix;
  readonly #gram: Matrix;
  readonly #values: Float64Array;
  readonly #error: Matrix;
  readonly #colored: Matrix;
  readonly #projected: Matrix;
  readonly #targets = new Map<Task, Matrix>();

  /** For k×d trunks and dy outputs. */
  constructor(k: number, d: number, dy: number) {
    this.#rows = Matrix.zeros(k, d);
    this.#overlap = Matrix.zeros(k, k);
    this.#gram = Matrix.zeros(k, k);
    this.#values = new Float64Array(k);
    this.#error = Matrix.zeros(dy, d);
    this.#colored = Matrix.zeros(dy, d);
    this.#projected = Matrix.zeros(dy, k);
  }

  /**
   * sin θ_max between the row spaces of `trunk` and `target` (orthonormal rows), both k×d: the largest singular value of
   * Q (I − G*ᵀG*) for an orthonormal basis Q of the rows of G. Accurate to rounding at both ends; 1 when the rows of
   * `trunk` are dependent, NaN when they are not finite.
   */
  distance(trunk: Matrix, target: Matrix): number {
    const rows = this.#rows.copy(trunk);
    if (!orthonormalizeRows(rows)) return Number.isFinite(norm(trunk)) ? 1 : Number.NaN;
    gemm(rows, target.T, { out: this.#overlap });
    gemm(this.#overlap, target, { out: rows, alpha: -1, beta: 1 });
    syrk(rows, { out: this.#gram });
    const values = eigvalsh(this.#gram, { out: this.#values });
    return Math.min(1, Math.sqrt(Math.max(0, values[values.length - 1]!)));
  }

  /** ½E|y − F G x|² under the law of `task`: ½|(M − FG) S^{1/2}|² + ½ dy s². */
  loss(task: Task, head: Matrix, trunk: Matrix): number {
    const error = this.#error.copy(task.map);
    gemm(head, trunk, { out: error, alpha: -1, beta: 1 });
    gemm(error, task.covariance.sqrt, { out: this.#colored });
    return 0.5 * norm(this.#colored) ** 2 + 0.5 * task.map.rows * task.noise ** 2;
  }

  /**
   * Excess loss on `task` after refitting the head on the frozen trunk by least squares, under the law of the task:
   * min_F ½|(M − FG) S^{1/2}|² = ½|M S^{1/2} (I − QᵀQ)|², Q an orthonormal basis of the rows of G S^{1/2}.
   */
  transferLoss(task: Task, trunk: Matrix): number {
    const rows = this.#rows;
    gemm(trunk, task.covariance.sqrt, { out: rows });
    if (!orthonormalizeRows(rows)) return this.#dependentTransferLoss(task, trunk);
    const error = this.#colored.copy(this.#target(task));
    gemm(error, rows.T, { out: this.#projected });
    gemm(this.#projected, rows, { out: error, alpha: -1, beta: 1 });
    return 0.5 * norm(error) ** 2;
  }

  /** The same when the rows are dependent: leave out those in the span of earlier ones. */
  #dependentTransferLoss(task: Task, trunk: Matrix): number {
    if (!Number.isFinite(norm(trunk))) return Number.NaN;
    const colored = gemm(trunk, task.covariance.sqrt);
    let rank = 0;
    for (let i = 0; i < trunk.rows; i++) {
      this.#rows.block(rank, 0, 1, trunk.cols).copy(colored.row(i));
      if (orthonormalizeRows(this.#rows.block(0, 0, rank + 1, trunk.cols))) rank++;
    }
    const basis = this.#rows.block(0, 0, rank, trunk.cols);
    const error = this.#colored.copy(this.#target(task));
    gemm(gemm(error, basis.T), basis, { out: error, alpha: -1, beta: 1 });
    return 0.5 * norm(error) ** 2;
  }

  /** M S^{1/2}. */
  #target(task: Task): Matrix {
    const known = this.#targets.get(task);
    if (known) return known;
    const target = gemm(task.map, task.covariance.sqrt);
    this.#targets.set(task, target);
    return target;
  }
}

/** {@link Metrics.distance} of two row spaces given by any bases. @throws RangeError when a basis is dependent. */
export function subspaceDistance(a: Matrix, b: Matrix): number {
  const target = b.clone();
  if (!orthonormalizeRows(target)) throw new RangeError("subspaceDistance: the rows of b are linearly dependent");
  return new Metrics(a.rows, a.cols, 1).distance(a, target);
}

import { eigh, gemm, Matrix, syrk } from "../linalg/index.js";
import { type Covariance, orthogonal, type Stream } from "../random/index.js";
import { subspaceDistance } from "./linear-representation/index.js";

/**
 * A multi-index target `y = Σ_j (⟨b_j, x⟩² − b_jᵀSb_j)/√(2r) + s ε` with orthonormal b_1 … b_r: purely quadratic, so that a first gradient
 * step sees all directions at once. By Stein's lemma `E[y xxᵀ] = √(2/r) S B Bᵀ S`.
 */
export class MultiIndexTeacher {
  /** B, r×d, orthonormal rows. */
  readonly directions: Matrix;
  readonly #means: Float64Array;

  constructor(
    stream: Stream,
    readonly covariance: Covariance,
    rank: number,
    readonly noise: number,
  ) {
    const columns = orthogonal(stream.child("directions"), covariance.dimension, rank);
    this.directions = transposed(columns);
    const variance = gemm(gemm(this.directions, covariance.matrix), this.directions.T);
    this.#means = Float64Array.from({ length: rank }, (_, j) => variance.get(j, j));
  }

  /** n fresh samples: inputs n×d and labels. */
  sample(stream: Stream, n: number): { inputs: Matrix; labels: Float64Array } {
    const { directions, covariance, noise } = this;
    const r = directions.rows;
    const inputs = covariance.sample(stream.child("inputs"), Matrix.zeros(n, directions.cols));
    const u = gemm(inputs, directions.T);
    const labels = stream.child("label noise").normals(n);
    for (let i = 0; i < n; i++) {
      let value = noise * labels[i]!;
      for (let j = 0; j < r; j++) value += (u.get(i, j) ** 2 - this.#means[j]!) / Math.sqrt(2 * r);
      labels[i] = value;
    }
    return { inputs, labels };
  }

  /** sin θ_max between the rows of B and the leading r right singular directions of a step on the first layer. */
  distance(step: Matrix): number {
    return subspaceDistance(leadingRows(step, this.directions.rows), this.directions);
  }

  /** {@link distance} of the gradient step with infinitely many samples, whose directions are S·span(B) but for terms that vanish with 1/d. */
  get populationDistance(): number {
    return subspaceDistance(gemm(this.directions, this.covariance.matrix), this.directions);
  }
}

/** The leading right singular directions, as rows. */
function leadingRows(a: Matrix, count: number): Matrix {
  const { vectors } = eigh(syrk(a.T));
  const d = a.cols;
  const out = Matrix.zeros(count, d);
  for (let i = 0; i < count; i++) for (let j = 0; j < d; j++) out.set(i, j, vectors.get(j, d - 1 - i));
  return out;
}

function transposed(a: Matrix): Matrix {
  const out = Matrix.zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}

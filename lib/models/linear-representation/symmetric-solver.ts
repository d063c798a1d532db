import { addDiagonal, cholesky, eigh, gemm, Matrix, norm, scale, trace, trsm } from "../../linalg/index.js";

/** Solves with a symmetric positive semi-definite matrix; a singular one is inverted on its range. */
export class SymmetricSolver {
  readonly #factor: Matrix;
  readonly #vector: Matrix;
  #inverse: Matrix | null = null;

  constructor(size: number) {
    this.#factor = Matrix.zeros(size, size);
    this.#vector = Matrix.zeros(size, 1);
  }

  /** Takes A + λI (lower triangle). @returns false when it is not finite. */
  set(a: Matrix, damping = 0): boolean {
    for (let i = 0; i < a.rows; i++) if (!Number.isFinite(a.get(i, i))) return false;
    this.#inverse = null;
    const factor = this.#factor.copy(a);
    if (damping) addDiagonal(factor, damping);
    try {
      cholesky(factor, { out: factor });
      if (this.#isDoubtful(a, damping)) this.#inverse = inverseOnRange(a, damping);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ERR_NOT_FINITE") return false;
      if (code !== "ERR_NOT_POSITIVE_DEFINITE") throw error;
      this.#inverse = inverseOnRange(a, damping);
    }
    return true;
  }

  /**
   * Whether the least eigenvalue, by inverse iteration on the factor, is what rounding could have left of zero: Cholesky goes
   * through about half of all singular matrices, and its pivots need not show it.
   */
  #isDoubtful(a: Matrix, damping: number): boolean {
    const n = a.rows;
    const x = this.#vector;
    for (let i = 0; i < n; i++) x.set(i, 0, Math.sin(i + 1)); // any start that is generic
    for (let iteration = 0; iteration < 2; iteration++) {
      scale(1 / norm(x), x);
      trsm(this.#factor, x, { out: x });
      trsm(this.#factor.T, x, { out: x });
    }
    return !(1 / norm(x) > 4 * n * Number.EPSILON * (trace(a) + n * damping));
  }

  /** B ← A^{-1} B. */
  left(b: Matrix): Matrix {
    if (this.#inverse) return b.copy(gemm(this.#inverse, b));
    trsm(this.#factor, b, { out: b });
    return trsm(this.#factor.T, b, { out: b });
  }

  /** B ← B A^{-1}. */
  right(b: Matrix): Matrix {
    return this.#inverse ? b.copy(gemm(b, this.#inverse)) : solveRight(this.#factor, b);
  }
}

/** B ← B (L Lᵀ)^{-1} for a lower-triangular L. */
export function solveRight(lower: Matrix, b: Matrix): Matrix {
  trsm(lower.T, b, { side: "right", out: b });
  return trsm(lower, b, { side: "right", out: b });
}

function inverseOnRange(a: Matrix, damping: number): Matrix {
  const { values, vectors } = eigh(a);
  const least = values[values.length - 1]! * values.length * Number.EPSILON;
  const scaled = vectors.clone();
  for (let j = 0; j < values.length; j++) {
    const inverse = values[j]! > least ? 1 / (values[j]! + damping) : 0;
    for (let i = 0; i < scaled.rows; i++) scaled.set(i, j, scaled.get(i, j) * inverse);
  }
  return gemm(scaled, vectors.T);
}

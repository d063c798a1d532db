import { addDiagonal, axpy, cholesky, choleskySolve, eigh, gemm, Matrix, norm } from "../../linalg/index.js";

/**
 * The layer-wise step `W ← W − η P^{-1} ∇L (Q + λI)^{-1}`, by Cholesky solves with the few rows of W instead of inverses.
 * With P = I, η = 1, λ = 0 and ∇L = W Q − C it lands on the least-squares solution C Q^{-1} from anywhere. A singular P or
 * Q + λI is inverted on its range.
 */
export class PreconditionedStep {
  readonly #input: Solver;
  readonly #output: Solver;
  readonly #transposed: Matrix;
  readonly #direction: Matrix;

  /** For an out×in weight. */
  constructor(rows: number, cols: number) {
    this.#input = new Solver(cols);
    this.#output = new Solver(rows);
    this.#transposed = Matrix.zeros(cols, rows);
    this.#direction = Matrix.zeros(rows, cols);
  }

  /** @returns false, leaving `weight` alone, when P, Q or the gradient is not finite. */
  apply(
    weight: Matrix,
    gradient: Matrix,
    { lr, q, damping = 0, p = null }: { lr: number; q: Matrix; damping?: number; p?: Matrix | null },
  ): boolean {
    const across = transpose(gradient, this.#transposed);
    if (!this.#input.solve(q, damping, across)) return false;
    const direction = transpose(across, this.#direction);
    if (p && !this.#output.solve(p, 0, direction)) return false;
    if (!Number.isFinite(norm(direction))) return false;
    axpy(-lr, direction, weight);
    return true;
  }
}

/** Solves (A + λI) X = B in place of B. */
class Solver {
  readonly #factor: Matrix;

  constructor(size: number) {
    this.#factor = Matrix.zeros(size, size);
  }

  /** @returns false when A is not finite. */
  solve(a: Matrix, damping: number, b: Matrix): boolean {
    for (let i = 0; i < a.rows; i++) if (!Number.isFinite(a.get(i, i))) return false;
    const factor = this.#factor.copy(a);
    if (damping) addDiagonal(factor, damping);
    try {
      choleskySolve(cholesky(factor, { out: factor }), b, { out: b });
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ERR_NOT_FINITE") return false;
      if (code !== "ERR_NOT_POSITIVE_DEFINITE") throw error;
      solveOnRange(a, damping, b);
    }
    return true;
  }
}

function solveOnRange(a: Matrix, damping: number, b: Matrix): void {
  const { values, vectors } = eigh(a);
  const least = values[values.length - 1]! * values.length * Number.EPSILON;
  const coordinates = gemm(vectors.T, b);
  for (let i = 0; i < values.length; i++) {
    const inverse = values[i]! > least ? 1 / (values[i]! + damping) : 0;
    for (let j = 0; j < b.cols; j++) coordinates.set(i, j, coordinates.get(i, j) * inverse);
  }
  gemm(vectors, coordinates, { out: b });
}

function transpose(a: Matrix, out: Matrix): Matrix {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}

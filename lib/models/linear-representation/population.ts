import { axpy, cholesky, choleskySolve, gemm, type Matrix, solve, syrk } from "../../linalg/index.js";
import type { Preconditioning } from "../../theory/index.js";
import type { Task } from "./task.js";

/**
 * Alternating minimisation with infinitely many examples: at every step the head is the population's least-squares head
 * `F = M S Gᵀ(G S Gᵀ)^{-1}` and `G ← G − η P^{-1} (FG − M) S Q^{-1}`, P = FᵀF (`left`, `both`), Q = S (`right`, `both`).
 */
export class PopulationTraining {
  readonly trunk: Matrix;
  readonly #task: Task;

  /** @param trunk G, k×d, changed by {@link step} */
  constructor(
    task: Task,
    trunk: Matrix,
    readonly preconditioning: Preconditioning,
  ) {
    this.#task = task;
    this.trunk = trunk;
  }

  /** @throws Error `ERR_NOT_POSITIVE_DEFINITE` when F or G lacks full rank */
  step(lr: number): void {
    const { trunk, preconditioning } = this;
    const { map, covariance } = this.#task;
    const colored = gemm(trunk, covariance.matrix); // GS
    // Fᵀ = (GSGᵀ)^{-1} GSMᵀ
    const head = choleskySolve(cholesky(gemm(colored, trunk.T)), gemm(colored, map.T));
    const error = map.clone();
    gemm(head.T, trunk, { out: error, beta: -1 });
    let direction = gemm(head, error);
    if (preconditioning === "none" || preconditioning === "left") direction = gemm(direction, covariance.matrix);
    // Q = S cancels the S of the gradient exactly.
    if (preconditioning === "left" || preconditioning === "both") direction = choleskySolve(cholesky(syrk(head)), direction);
    axpy(-lr, direction, trunk);
  }

  /** T = (GG*ᵀ)^{-1} G (I − G*ᵀG*), whose norm is the tangent of the angle. */
  tangent(): Matrix {
    const { trunk: star } = this.#task;
    const along = gemm(this.trunk, star.T);
    const across = this.trunk.clone();
    gemm(along, star, { out: across, alpha: -1, beta: 1 });
    return solve(along, across);
  }
}

import { addDiagonal, axpy, cholesky, choleskySolve, scale, trace } from "../../linalg/index.js";
import { dtypeOf, type Matrix, type Real } from "../../linalg/matrix.js";
import type { CurvatureRows } from "../curvature.js";
import { inner } from "../elementwise.js";
import { ESCALATIONS, MAX_FAILURES } from "../factor.js";
import type { AdaptiveDamping } from "../levenberg-marquardt.js";
import { Scratch } from "../scratch.js";
import type { Stage, StateRecord } from "../types.js";

/** What {@link gramian} is made of. */
export interface GramianOptions {
  /** C of this batch. */
  rows(): CurvatureRows;
  /** λ(tr C/P): the damping added to C; 0: none. */
  damping(meanEigenvalue: number): number;
  /** λ adapts: it comes from here instead, and the stage tells its quadratic model. */
  adaptive: AdaptiveDamping | null;
}

/**
 * D ← (C + λI)^{-1} D by the Gramian of C's rows: with C = s·BᵀB of N rows, (D − s·Bᵀ(λI + s·BBᵀ)^{-1}BD)/λ (the identity of Woodbury).
 * N³/3 operations instead of P³/3, and no P×P matrix. More damping where the Cholesky factorization fails; where that does not help
 * either the weights stay as they are, and after three such steps in a row training stops with an error. They also stay where C = 0
 * and λ = 0, which says nothing about a step.
 * @throws RangeError when what the rows give has not their shape.
 */
export function gramian({ rows, damping, adaptive }: GramianOptions): Stage<{ failures: number } & StateRecord> {
  const scratch = new Scratch();
  return {
    name: "gramian",
    init: () => ({ failures: 0 }),
    apply(direction, parameter, state, step) {
      const { diagnostics } = step;
      const started = diagnostics.recording ? performance.now() : 0;
      const c = rows();
      adaptive?.see(parameter, (d) => {
        const image = c.times(d);
        return c.scale * inner(image, image);
      });
      const products = shaped("gramian()", c.gramian(), c.count, c.count);
      const size = direction.rows * direction.cols;
      const mean = (c.scale * trace(products)) / size;
      if (!Number.isFinite(mean)) diagnostics.nonFiniteStatistics++;
      const wanted = adaptive ? adaptive.lambda() : damping(mean);
      if (mean === 0 && wanted === 0) {
        step.hold = true;
        return;
      }
      const least = Math.max(wanted, size * mean * (dtypeOf(direction) === "float64" ? 2 ** -52 : 2 ** -23));
      let lambda = wanted;
      let solved = false;
      let retries = 0;
      for (let k = 0; k <= ESCALATIONS && !solved && Number.isFinite(mean); k++) {
        lambda = k === 0 ? wanted : least * 10 ** k;
        solved = lambda > 0 && divide(direction, c, products, lambda, scratch);
        if (!solved) retries++;
      }
      state.failures = solved ? 0 : state.failures + 1;
      if (solved) {
        diagnostics.refreshes++;
        if (retries) diagnostics.retries++;
      } else {
        diagnostics.keptOld++;
        step.hold = true;
      }
      if (diagnostics.recording) {
        diagnostics.add({
          layer: parameter.name,
          side: "left",
          dim: c.count,
          step: step.t,
          solver: solved ? "gramian" : "none",
          damping: lambda,
          lambdaMin: null,
          lambdaMax: null,
          residual: null,
          retries,
          keptOld: !solved,
          milliseconds: performance.now() - started,
        });
      }
      if (state.failures >= MAX_FAILURES) {
        throw new Error(
          `${parameter.name}: the Gramian of ${c.count} rows could not be inverted ${MAX_FAILURES} times in a row, ` +
            `with damping up to ${lambda.toExponential(1)}; raise the damping or lower the learning rate`,
        );
      }
    },
  };
}

/** D ← (s·BᵀB + λI)^{-1} D; false, and D as it was, where the Cholesky factorization fails. */
function divide(d: Matrix<Real>, c: CurvatureRows, products: Matrix<Real>, lambda: number, scratch: Scratch): boolean {
  const factor = addDiagonal(scale(c.scale, scratch.take(c.count, c.count, d).copy(products)), lambda);
  try {
    cholesky(factor, { out: factor });
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_NOT_POSITIVE_DEFINITE") throw error;
    return false;
  }
  const u = scratch.take(c.count, 1, d, 1);
  choleskySolve(factor, u.copy(shaped("times(v)", c.times(d), c.count, 1)), { out: u });
  axpy(-c.scale, shaped("transposeTimes(u)", c.transposeTimes(u), d.rows, 1), d);
  scale(1 / lambda, d);
  return true;
}

/** @throws RangeError naming what a provider's rows gave in another shape. */
function shaped(what: string, matrix: Matrix<Real>, rows: number, cols: number): Matrix<Real> {
  if (matrix.rows !== rows || matrix.cols !== cols)
    throw new RangeError(`gauss-newton: ${what} of the provider's rows must be ${rows}×${cols}, got ${matrix.rows}×${matrix.cols}`);
  return matrix;
}

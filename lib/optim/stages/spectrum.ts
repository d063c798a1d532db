import { gemm } from "../../linalg/index.js";
import type { Matrix, Real } from "../../linalg/matrix.js";
import { isFiniteMatrix } from "../elementwise.js";
import { Scratch, zerosLike } from "../scratch.js";
import type { Basis, Parameter, Stage } from "../types.js";
import { transport } from "./adam.js";

/** Inside an eigenbasis: D ← D / (λ_B λ_Aᵀ + λ), the exactly damped inverse of B ⊗ A (a side without values counts as 1). Zero denominators drop the direction. */
export function divideBySpectrum(lambda: number): Stage<null> {
  return {
    name: "divideBySpectrum",
    init: () => null,
    apply(direction, _parameter, _state, step) {
      const { rows, cols, data } = direction;
      for (let i = 0; i < rows; i++) {
        const b = eigenvalue(step.basis?.leftValues, i);
        for (let j = 0; j < cols; j++)
          data[i * cols + j] = quotient(data[i * cols + j]!, b * eigenvalue(step.basis?.rightValues, j) + lambda);
      }
    },
  };
}

/**
 * EKFAC's correction inside KFAC's eigenbasis (George et al. 2018, arXiv 1806.03884, §3): S ← βS + (1−β) E[(U_Bᵀ δ aᵀ U_A)²]
 * over the examples, D ← D / (Ŝ + λ), Ŝ = S/(1 − β^t). E[·] = ((δU_B)∘²)ᵀ((aU_A)∘²)/N. Output gradients may
 * come in several blocks of the inputs' order (the columns of an exact Fisher).
 *
 * With `reestimate` S starts afresh whenever the basis turns; otherwise it is transported. Where a side is given as a moment, its
 * examples are not known: S is λ_B λ_Aᵀ then (KFAC with exact damping). A batch without examples, or one whose second moment is not
 * finite (counted), leaves S as it was.
 */
export function secondMoment(options: { beta: number; lambda: number; reestimate?: boolean }): Stage<{ s: Matrix<Real>; weight: number }> {
  const { beta, lambda, reestimate = false } = options;
  const scratch = new Scratch();
  return {
    name: "secondMoment",
    init: ({ value }) => ({ s: zerosLike(value), weight: 0 }),
    apply(direction, parameter, state, step) {
      const estimate = scratch.like(direction, 8);
      const known = estimateSecondMoment(estimate, parameter, step.basis, scratch);
      const usable = known && isFiniteMatrix(estimate);
      if (known && !usable) step.diagnostics.nonFiniteStatistics++;
      const s = state.s.data;
      const d = direction.data;
      if (usable) {
        state.weight = beta * state.weight + (1 - beta);
        for (let i = 0; i < s.length; i++) s[i] = beta * s[i]! + (1 - beta) * estimate.data[i]!;
      } else if (state.weight === 0) {
        productOfSpectra(estimate, step.basis);
        for (let i = 0; i < d.length; i++) d[i] = quotient(d[i]!, estimate.data[i]! + lambda);
        return;
      }
      const correction = 1 / state.weight;
      for (let i = 0; i < d.length; i++) d[i] = quotient(d[i]!, s[i]! * correction + lambda);
    },
    rotate(state, left, right) {
      if (reestimate) {
        state.s.fill(0);
        state.weight = 0;
      } else transport(state.s, left, right, scratch);
    },
  };
}

/** @returns false when the batch has no examples; `out` is undefined then. */
function estimateSecondMoment(
  out: Matrix<Real>,
  { name, inputs, outputGradients }: Parameter<Real>,
  basis: Basis | null,
  scratch: Scratch,
): boolean {
  if (inputs && outputGradients && "samples" in inputs && "samples" in outputGradients) {
    const n = inputs.samples.rows;
    if (n === 0 || outputGradients.samples.rows === 0) return false;
    const blocks = outputGradients.samples.rows / n;
    if (!Number.isInteger(blocks)) {
      throw new RangeError(
        `output gradients of "${name}": expected a multiple of its inputs' ${n} rows, got ${outputGradients.samples.rows}`,
      );
    }
    const delta = squaredCoordinates(outputGradients.samples, basis?.left ?? null, scratch, 0);
    const a = squaredCoordinates(inputs.samples, basis?.right ?? null, scratch, 2);
    const alpha = ((inputs.scale ?? 1) * (outputGradients.scale ?? 1)) / delta.rows;
    for (let k = 0; k < blocks; k++) gemm(delta.block(k * n, 0, n, delta.cols).T, a, { out, alpha, beta: k === 0 ? 0 : 1 });
    return true;
  }
  productOfSpectra(out, basis);
  return true;
}

/** λ_B λ_Aᵀ. */
function productOfSpectra(out: Matrix<Real>, basis: Basis | null): void {
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) out.data[i * out.cols + j] = eigenvalue(basis?.leftValues, i) * eigenvalue(basis?.rightValues, j);
  }
}

/** (X Q)∘². */
function squaredCoordinates(x: Matrix<Real>, q: Matrix<Real> | null, scratch: Scratch, slot: number): Matrix<Real> {
  const out = scratch.like(x, slot);
  if (q) gemm(x, q, { out });
  else out.copy(x);
  for (let i = 0; i < out.data.length; i++) out.data[i]! *= out.data[i]!;
  return out;
}

function eigenvalue(values: Real | null | undefined, i: number): number {
  return values ? Math.max(values[i]!, 0) : 1;
}

function quotient(x: number, denominator: number): number {
  return denominator > 0 ? x / denominator : 0;
}

import { gemm } from "../linalg/index.js";
import type { Matrix, Real } from "../linalg/matrix.js";
import { frobenius } from "./elementwise.js";
import type { Factor } from "./factor.js";
import type { FactorState } from "./policy.js";
import { Scratch } from "./scratch.js";
import type { Parameter, StepInfo } from "./types.js";

/** A factor with its data for one parameter; null where the axis is left alone. */
export interface Side {
  readonly factor: Factor;
  readonly state: FactorState;
}

/** Where the statistics of one axis come from. */
export interface Source {
  readonly name: string;
  /** Whether this parameter supplies it. */
  available(parameter: Parameter<Real>): boolean;
  /** Whether the statistic is a diagonal. */
  diagonal?(parameter: Parameter<Real>): boolean;
  /** Adds this step's statistic to `side`; `other` is the opposite axis. */
  accumulate(side: Side, other: Side | null, direction: Matrix<Real>, parameter: Parameter<Real>, step: StepInfo): void;
}

/** Layer inputs: E[a aᵀ], on the right. */
export const inputs: Source = {
  name: "inputs",
  available: (parameter) => parameter.inputs !== undefined,
  diagonal: ({ inputs: statistic }) => statistic !== undefined && "diagonal" in statistic,
  accumulate: ({ factor, state }, _other, _direction, parameter, step) =>
    factor.accumulateStatistic(state, parameter.inputs!, step, `inputs of "${parameter.name}"`),
};

/** Per-example output gradients: E[δ δᵀ], on the left. */
export const outputGradients: Source = {
  name: "outputGradients",
  available: (parameter) => parameter.outputGradients !== undefined,
  diagonal: ({ outputGradients: statistic }) => statistic !== undefined && "diagonal" in statistic,
  accumulate: ({ factor, state }, _other, _direction, parameter, step) =>
    factor.accumulateStatistic(state, parameter.outputGradients!, step, `output gradients of "${parameter.name}"`),
};

/** The direction with itself: G Gᵀ on the left, Gᵀ G on the right (Shampoo). */
export const gradientOuter: Source = {
  name: "gradientOuter",
  available: () => true,
  accumulate: ({ factor, state }, _other, direction, _parameter, step) =>
    factor.accumulate(state, factor.side === "left" ? direction : direction.T, 1, step),
};

/**
 * The direction whitened by the other axis (KL-Shampoo, arXiv 2509.03378): G R^{-1} Gᵀ / n on the left, Gᵀ L^{-1} G / m on
 * the right, R and L from the last refresh.
 *
 * The first statistic, when there is nothing to whiten with, is G Gᵀ √(m/n)/‖G‖ on the left (Gᵀ G √(n/m)/‖G‖ on the
 * right), so that L ⊗ R has the scale of ‖G‖² and the method is invariant to the scale of the gradient from its first
 * step. One gradient is rank deficient: ‖S‖_F/√d is added to the diagonal then.
 */
export function whitenedGradientOuter(): Source {
  const scratch = new Scratch();
  return {
    name: "whitenedGradientOuter",
    available: () => true,
    accumulate({ factor, state }, other, direction, _parameter, step) {
      const left = factor.side === "left";
      const [own, across] = left ? [direction.rows, direction.cols] : [direction.cols, direction.rows];
      if (state.batches === 0) {
        const norm = frobenius(direction);
        if (norm === 0) return;
        factor.accumulate(state, left ? direction : direction.T, Math.sqrt(own / across) / norm, step);
        const level = frobenius(state.moment) / Math.sqrt(own);
        for (let i = 0; i < own; i++) state.moment.set(i, i, state.moment.get(i, i) + level);
        return;
      }
      if (!other) {
        factor.accumulate(state, left ? direction : direction.T, 1 / across, step);
        return;
      }
      const product = scratch.like(direction);
      if (left) gemm(direction, other.state.root, { out: product });
      else gemm(other.state.root.T, direction, { out: product });
      if (other.factor.solver.kind === "basis" && other.state.ready) divideByRootSpectrum(product, other, left);
      factor.accumulate(state, left ? product : product.T, 1 / across, step);
    },
  };
}

/** Scales the columns (or rows) of a gradient in the eigenbasis by (λ + c)^{-1/2}. */
function divideByRootSpectrum(product: Matrix<Real>, { factor, state }: Side, columns: boolean): void {
  const { rows, cols, data } = product;
  const values = state.values.data;
  const { value, floor, relativeTo } = factor.policy.damping;
  let level = 0;
  for (const lambda of values) level = relativeTo === "max" ? Math.max(level, lambda) : level + Math.max(lambda, 0) / values.length;
  const c = Math.max(relativeTo ? value * level : value, floor, level * 1e-12);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) data[i * cols + j]! /= Math.sqrt(Math.max(values[columns ? j : i]!, 0) + c);
  }
}

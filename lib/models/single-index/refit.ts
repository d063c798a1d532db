import { eigh, gemm, gemv, Matrix, syrk } from "../../linalg/index.js";
import type { Batch } from "./teacher.js";

/** First layer of a ReLU network: weights h×d and biases h. */
export interface FeatureMap {
  readonly g: Matrix;
  readonly bias: Float64Array;
}

/** Features max(XGᵀ + 1biasᵀ, 0), n×h. */
export function features({ g, bias }: FeatureMap, x: Matrix): Matrix {
  const z = gemm(x, g.T);
  const { data, rows, cols } = z;
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < cols; j++, at++) data[at] = Math.max(data[at] + bias[j], 0);
  return z;
}

/** Ridge penalties tried on the validation set, times the mean squared feature: half-decades from 1e-8 to 1e2. */
export const penaltyGrid: readonly number[] = Array.from({ length: 21 }, (_, i) => 10 ** (i / 2 - 8));

/** A refitted head and what it cost. */
export interface Refit {
  readonly head: Float64Array;
  /** The chosen entry of {@link penaltyGrid}. */
  readonly penalty: number;
  /** Mean squared error on the test inputs against the noiseless target. */
  readonly excess: number;
}

/**
 * Refits the second layer over fixed features by ridge regression, `f = (ZᵀZ/n + ρ m I)^{-1}Zᵀy/n` with m the mean squared feature;
 * ρ from {@link penaltyGrid} is the one with the least error on the validation labels; the excess error is measured on test inputs
 * against the target without noise. One eigendecomposition serves all penalties.
 */
export function refit(map: FeatureMap, train: Batch, validation: Batch, test: Batch): Refit {
  const z = features(map, train.inputs);
  const n = z.rows;
  const { values, vectors } = eigh(syrk(z.T, { alpha: 1 / n }));
  const h = values.length;
  const scale = values.reduce((a, b) => a + b, 0) / h || 1; // features that are all zero get the head zero
  const coordinates = gemv(vectors.T, gemv(z.T, train.labels, { alpha: 1 / n }));
  // Column p: the head at penalty p, in the eigenbasis.
  const heads = Matrix.zeros(h, penaltyGrid.length);
  for (let i = 0; i < h; i++) {
    penaltyGrid.forEach((rho, p) => {
      heads.set(i, p, coordinates[i] / (Math.max(values[i], 0) + rho * scale));
    });
  }
  const candidates = gemm(vectors, heads);
  const predictions = gemm(features(map, validation.inputs), candidates);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let p = 0; p < penaltyGrid.length; p++) {
    let error = 0;
    for (let i = 0; i < predictions.rows; i++) error += (predictions.get(i, p) - validation.labels[i]) ** 2;
    if (error < least) [best, least] = [p, error];
  }
  const head = Float64Array.from({ length: h }, (_, i) => candidates.get(i, best));
  const fitted = gemv(features(map, test.inputs), head);
  const excess = fitted.reduce((total, value, i) => total + (value - test.clean[i]) ** 2, 0) / fitted.length;
  return { head, penalty: penaltyGrid[best], excess };
}

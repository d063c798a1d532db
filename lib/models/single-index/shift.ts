import { axpy, gemv, Matrix } from "../../linalg/index.js";
import type { Covariance, Stream } from "../../random/index.js";
import type { Link } from "./links.js";
import { type FeatureMap, features } from "./refit.js";
import type { Batch } from "./teacher.js";

/**
 * Samples of `y = σ*(⟨β*, x⟩) + s ε` with inputs of another covariance, given in the coordinates of β* (the eigenbasis of the first one):
 * its own basis may be turned against them.
 */
export function shiftedSample(
  stream: Stream,
  n: number,
  { beta, covariance, link, noise }: { beta: Float64Array; covariance: Covariance; link: Link; noise: number },
): Batch {
  const inputs = covariance.sample(stream.child("inputs"), Matrix.zeros(n, beta.length));
  const clean = gemv(inputs, beta).map(link.value);
  const labels = stream.child("label noise").normals(n);
  for (let i = 0; i < n; i++) labels[i] = clean[i]! + noise * labels[i]!;
  return { inputs, labels, clean };
}

/** Mean squared error of a head on features of inputs x + s·N(0, I), against the noiseless target at x. */
export function excessError(
  map: FeatureMap,
  head: Float64Array,
  { inputs, clean }: Batch,
  corruption?: { stream: Stream; std: number },
): number {
  const seen = corruption
    ? axpy(1, inputs, corruption.stream.normal(Matrix.zeros(inputs.rows, inputs.cols), { std: corruption.std }))
    : inputs;
  const fitted = gemv(features(map, seen), head);
  return fitted.reduce((total, value, i) => total + (value - clean[i]!) ** 2, 0) / fitted.length;
}

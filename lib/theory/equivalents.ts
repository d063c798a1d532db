/**
 * Deterministic equivalents of the sample covariance Ŝ = XᵀX/n, rows of X ~ N(0, S) (or any with independent whitened
 * coordinates and bounded moments), d, n → ∞ with d/n → φ: `λ(Ŝ + λ)^{-1} ≃ κ(S + κ)^{-1}`, where κ = κ(λ) solves
 * `λ = κ(1 − φ tr S(S+κ)^{-1}/d)` (Marchenko–Pastur 1967; Silverstein 1995).
 */
import { SpectralMeasure, type Spectrum } from "./spectrum.js";

function checkPhi(where: string, phi: number): void {
  if (!(phi > 0 && Number.isFinite(phi))) throw new RangeError(`${where}: phi = d/n must be positive and finite, got ${phi}`);
}

function checkDamping(where: string, lambda: number): void {
  if (!(lambda >= 0 && Number.isFinite(lambda))) throw new RangeError(`${where}: damping lambda must be finite and ≥ 0, got ${lambda}`);
}

/** 1 − φ·rank(S)/d, the distance from the interpolation threshold; rounding errors of weights count as zero. */
function thresholdGap(measure: SpectralMeasure, phi: number): number {
  const gap = 1 - phi * measure.rank;
  return Math.abs(gap) < 1e-14 ? 0 : gap;
}

/**
 * Effective damping κ(λ): the largest root of `κ(1 − φ tr S(S+κ)^{-1}/d) = λ`.
 *
 * λ > 0: the unique positive root. λ = 0: the limit λ → 0⁺, which is 0 when φ·rank(S)/d ≤ 1 and otherwise the κ₀ > 0 with
 * φ tr S(S+κ₀)^{-1}/d = 1 (ridgeless interpolation).
 *
 * The left side is convex in κ and κ ≤ λ + φ tr S/d, so Newton's method from that bound decreases monotonically to the root. Where
 * φ·rank ≤ 1 it is evaluated without cancellation.
 * @param spectrum eigenvalues of S
 * @param phi d/n > 0
 * @param lambda damping λ ≥ 0 of Ŝ, in units of S
 * @throws RangeError on arguments outside these ranges
 */
export function effectiveDamping(spectrum: Spectrum, phi: number, lambda: number): number {
  checkPhi("effectiveDamping", phi);
  checkDamping("effectiveDamping", lambda);
  const measure = SpectralMeasure.from(spectrum);
  const excess = thresholdGap(measure, phi);
  if (lambda === 0 && excess >= 0) return 0;
  // 1 − φ∫ s/(s+κ) = (1 − φ rank) + φ∫_{s>0} κ/(s+κ)
  const gap = (kappa: number) => excess + phi * measure.average((s) => (s > 0 ? kappa / (s + kappa) : 0));
  let kappa = lambda + phi * measure.mean;
  if (!Number.isFinite(2 * (kappa + Math.max(...measure.values)))) {
    throw new RangeError(`effectiveDamping: too large for floating point, lambda + phi·tr S/d is ${kappa}; take other units`);
  }
  for (let iteration = 0; iteration < 2000; iteration++) {
    const curvature = phi * measure.average((s) => (s > 0 ? (s / (s + kappa)) * (kappa / (s + kappa)) : 0));
    const next = (lambda + kappa * curvature) / (gap(kappa) + curvature); // κ − (κ·gap − λ)/(κ·gap)', summed without cancellation
    // Monotone from above until rounding: the first step that does not decrease κ ends the iteration.
    if (!(next < kappa * (1 - 1e-15))) return kappa;
    kappa = next;
  }
  throw new RangeError(`effectiveDamping: no convergence for phi = ${phi}, lambda = ${lambda}`);
}

/**
 * `κ' = dκ/dλ = 1/(1 − φ tr S²(S+κ)^{-2}/d)`, the inflation of variances. At the solution the denominator equals
 * λ/κ + φκ tr S(S+κ)^{-2}/d, which has no cancellation.
 * @throws RangeError where κ' is infinite: λ = 0 and φ·rank(S)/d = 1 (the interpolation threshold)
 */
export function effectiveDampingSlope(spectrum: Spectrum, phi: number, lambda: number): number {
  return slopeAt(SpectralMeasure.from(spectrum), phi, lambda, effectiveDamping(spectrum, phi, lambda));
}

function slopeAt(measure: SpectralMeasure, phi: number, lambda: number, kappa: number): number {
  const inverse =
    kappa === 0
      ? thresholdGap(measure, phi)
      : lambda / kappa + phi * measure.average((s) => (s > 0 ? (s / (s + kappa)) * (kappa / (s + kappa)) : 0));
  if (!(inverse > 0))
    throw new RangeError("effectiveDampingSlope: undefined at the interpolation threshold (damping 0, n equal to the rank of S)");
  return 1 / inverse;
}

/** κ and κ' at once. */
export interface Equivalent {
  readonly kappa: number;
  readonly slope: number;
}

/** {@link effectiveDamping} and {@link effectiveDampingSlope} together. */
export function equivalent(spectrum: Spectrum, phi: number, lambda: number): Equivalent {
  const measure = SpectralMeasure.from(spectrum);
  const kappa = effectiveDamping(measure, phi, lambda);
  return { kappa, slope: slopeAt(measure, phi, lambda, kappa) };
}

/**
 * Companion Stieltjes transform `v(−λ) = lim tr(XXᵀ/n + λI)^{-1}/n = 1/κ(λ)`; it solves Silverstein's equation
 * 1/v = λ + φ tr S(I + vS)^{-1}/d.
 * @throws RangeError at λ = 0 with φ·rank(S)/d ≤ 1, where XXᵀ is singular and v infinite
 */
export function companionStieltjes(spectrum: Spectrum, phi: number, lambda: number): number {
  const kappa = effectiveDamping(spectrum, phi, lambda);
  if (kappa === 0) throw new RangeError("companionStieltjes: infinite at damping 0 when n exceeds the rank of S");
  return 1 / kappa;
}

/**
 * Stieltjes transform `m(−λ) = lim tr(Ŝ + λI)^{-1}/d = (κ/λ) tr(S+κ)^{-1}/d` of the sample covariance. At λ = 0 and φ < 1 the limit
 * tr S^{-1}/d/(1−φ).
 * @throws RangeError at λ = 0 when Ŝ is singular (φ ≥ 1 or S singular)
 */
export function stieltjes(spectrum: Spectrum, phi: number, lambda: number): number {
  const measure = SpectralMeasure.from(spectrum);
  const kappa = effectiveDamping(measure, phi, lambda);
  if (lambda > 0) {
    // κ/λ alone overflows where λ is tiny and d > n.
    const ratio = kappa / lambda;
    return Number.isFinite(ratio) ? ratio * measure.average((s) => 1 / (s + kappa)) : measure.average((s) => kappa / (s + kappa)) / lambda;
  }
  if (phi >= 1 || measure.rank < 1) throw new RangeError("stieltjes: infinite at damping 0 when the sample covariance is singular");
  return measure.average((s) => 1 / s) / (1 - phi);
}

/**
 * Degrees of freedom of ridge regression: `lim E tr Ŝ(Ŝ+λ)^{-1}/d = tr S(S+κ)^{-1}/d`.
 * @throws RangeError on arguments out of range
 */
export function degreesOfFreedom(spectrum: Spectrum, phi: number, lambda: number): number {
  const measure = SpectralMeasure.from(spectrum);
  const kappa = effectiveDamping(measure, phi, lambda);
  return measure.average((s) => (s > 0 ? s / (s + kappa) : 0));
}

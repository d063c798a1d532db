/**
 * Alignment of the first step on a single-index problem `y = σ*(⟨b, x⟩) + ε`, x ~ N(0, S): the limit (d/n → φ) of the squared
 * cosine between b and the direction a method learns. σ* enters only through its linear part a1 and the variance v of all that is
 * not linear in ⟨b, x⟩. Derived for Zhang et al. (ICML 2025, arXiv 2502.01763), §4, with both sample-size effects kept.
 */
import { equivalent } from "./equivalents.js";
import { indexCoefficients } from "./hermite.js";
import { inOwnUnits, SpectralMeasure, type Spectrum } from "./spectrum.js";

/** Inner product of the cosine: `euclidean` M = I, `covariance` M = S (which governs the test error of a linear readout). */
export type Metric = "euclidean" | "covariance";

/** A single-index problem as a linear estimator sees it. */
export interface AlignmentProblem {
  /** Eigenvalues of S. */
  readonly spectrum: Spectrum;
  /** d/n > 0. */
  readonly phi: number;
  /**
   * b_i² on each eigenvalue of `spectrum`, in its order; their sum is |b|². Default: isotropic with |b| = 1, b_i² proportional to the
   * spectrum's weights.
   */
  readonly direction?: ArrayLike<number>;
  /** Default `euclidean`. */
  readonly metric?: Metric;
  /** a1 = E[uσ*(u)]/τ² at τ² = bᵀSb. */
  readonly slope: number;
  /** v = a0² + c² + s_ε² (drop a0² when labels are centred). */
  readonly noiseVariance: number;
}

/** u = b/|b| by its share on each eigenvalue, as `∫ f dB = uᵀf(S)u`. */
class Direction {
  /** |b|². */
  readonly squaredNorm: number;
  private readonly squares: Float64Array;
  constructor(
    private readonly measure: SpectralMeasure,
    direction: ArrayLike<number> | undefined,
  ) {
    if (direction && direction.length !== measure.values.length) {
      throw new RangeError(`direction: ${direction.length} components for ${measure.values.length} eigenvalues`);
    }
    this.squares = Float64Array.from(direction ?? measure.weights);
    this.squares.forEach((w, i) => {
      if (!(w >= 0 && Number.isFinite(w))) throw new RangeError(`direction: component ${i} must be finite and ≥ 0 (a square), got ${w}`);
    });
    this.squaredNorm = this.squares.reduce((a, b) => a + b, 0);
    if (!(this.squaredNorm > 0 && Number.isFinite(this.squaredNorm))) {
      throw new RangeError(`direction: components must have a positive, finite sum, got ${this.squaredNorm}`);
    }
    for (let i = 0; i < this.squares.length; i++) this.squares[i] /= this.squaredNorm;
    if (!(this.form((s) => s) > 0)) throw new RangeError("direction: bᵀSb must be positive");
  }

  /** uᵀf(S)u. */
  form(f: (s: number) => number): number {
    let total = 0;
    for (let i = 0; i < this.squares.length; i++) if (this.squares[i] > 0) total += this.squares[i] * f(this.measure.values[i]);
    return total;
  }
}

/** The problem in units in which |b| and the largest eigenvalue are about 1, as is the larger of a1² and v: cosines do not depend on them. */
function prepare(problem: AlignmentProblem) {
  const { measure, unit } = inOwnUnits(problem.spectrum);
  const { phi, slope, noiseVariance } = problem;
  if (!(phi > 0 && Number.isFinite(phi))) throw new RangeError(`alignment: phi = d/n must be positive and finite, got ${phi}`);
  if (!Number.isFinite(slope)) throw new RangeError(`alignment: slope must be finite, got ${slope}`);
  if (!(noiseVariance >= 0 && Number.isFinite(noiseVariance))) {
    throw new RangeError(`alignment: noiseVariance must be finite and ≥ 0, got ${noiseVariance}`);
  }
  const b = new Direction(measure, problem.direction);
  const { metric: name = "euclidean" } = problem;
  if (name !== "euclidean" && name !== "covariance") throw new RangeError(`alignment: metric must be euclidean or covariance, got ${name}`);
  const metric = name === "covariance" ? (s: number) => s : () => 1;
  const scaled = Math.abs(slope) * Math.sqrt(b.squaredNorm) * Math.sqrt(unit);
  const size = Math.hypot(scaled, Math.sqrt(noiseVariance)) || 1;
  const a = scaled / size;
  return { measure, unit, b, metric, phi, slope: a, noise: noiseVariance / size / size, signal: a * a * b.form((s) => s) };
}

function squaredCosine(numerator: number, norm: number, energy: number): number {
  if (!(energy > 0 && norm > 0))
    throw new RangeError("alignment: the direction is zero (no linear part and no noise), its cosine undefined");
  const value = numerator / (norm * energy);
  if (!Number.isFinite(value)) throw new RangeError("alignment: beyond the range of floating point");
  return value;
}

/**
 * Alignment of `g(S) Xᵀy/n` for a fixed spectral filter g, e.g. g(s) = 1/(s+λ) (KFAC that knows the population covariance) or
 * g(s) = s^{-p} (input-covariance power):
 * `cos² = a1²(bᵀMSg b)² / (bᵀMb [a1² bᵀMS²g² b + (a1²τ²+v) φ tr(MSg²)/d])`.
 * @throws RangeError on arguments out of range, or when the direction vanishes
 */
export function filteredAlignment(problem: AlignmentProblem, g: (s: number) => number): number {
  const { measure, unit, b, metric, phi, slope, noise, signal } = prepare(problem);
  let largest = 0;
  measure.values.forEach((s, i) => {
    if (!(measure.weights[i] > 0 && s > 0)) return;
    const value = g(unit * s);
    if (!Number.isFinite(value)) throw new RangeError(`filteredAlignment: g is ${value} at eigenvalue ${unit * s}`);
    largest = Math.max(largest, Math.abs(value));
  });
  const filter = (s: number) => (s > 0 && largest > 0 ? g(unit * s) / largest : 0);
  const overlap = slope * b.form((s) => metric(s) * s * filter(s));
  const energy =
    slope * slope * b.form((s) => metric(s) * (s * filter(s)) ** 2) +
    (signal + noise) * phi * measure.average((s) => metric(s) * s * filter(s) ** 2);
  return squaredCosine(overlap ** 2, b.form(metric), energy);
}

/**
 * Alignment of the SGD step, `Xᵀy/n`:
 * `cos² = a1²(bᵀMSb)² / (bᵀMb [a1² bᵀMS²b + (a1²τ²+v) φ tr(MS)/d])`. As n → ∞ it stays below 1 unless S is isotropic on b.
 * @throws RangeError as {@link filteredAlignment}
 */
export function sgdAlignment(problem: AlignmentProblem): number {
  return filteredAlignment(problem, () => 1);
}

/** λ in the units of the spectrum; Infinity, where KFAC's step is SGD's, also for what does not fit. */
function inUnits(lambda: number, unit: number): number {
  if (typeof lambda !== "number" || !(lambda >= 0)) throw new RangeError(`alignment: damping lambda must be ≥ 0, got ${lambda}`);
  return lambda / unit;
}

/** (s + κ)^{-1} up to a constant factor, without which its square underflows for large κ; only ever multiplied by s. */
function resolvent(measure: SpectralMeasure, kappa: number) {
  const unit = measure.mean + kappa;
  return (s: number) => (s > 0 ? unit / (s + kappa) : 0);
}

/**
 * Alignment of the KFAC step, ridge regression `(Ŝ + λI)^{-1}Xᵀy/n` with Ŝ from the same batch:
 * `cos² = a1²(bᵀMS(S+κ)^{-1}b)² / (bᵀMb · V)`,
 * `V = a1² bᵀMS²(S+κ)^{-2}b + κ'φ tr(MS(S+κ)^{-2})/d · (v + a1²κ² bᵀS(S+κ)^{-2}b)`.
 * λ = 0 is the least-squares (φ < 1) or least-norm (φ > 1) solution; zero eigenvalues of S then contribute nothing.
 * @param lambda damping λ ≥ 0; Infinity: the SGD step
 * @throws RangeError on arguments out of range, and at the interpolation threshold (λ = 0, φ·rank(S)/d = 1)
 */
export function kfacAlignment(problem: AlignmentProblem, lambda: number): number {
  const { measure, unit, b, metric, phi, slope, noise } = prepare(problem);
  const damping = inUnits(lambda, unit);
  if (damping === Number.POSITIVE_INFINITY) return sgdAlignment(problem);
  const { kappa, slope: inflation } = equivalent(measure, phi, damping);
  const q = resolvent(measure, kappa);
  const a = slope * slope;
  const overlap = slope * b.form((s) => metric(s) * s * q(s));
  const variance = inflation * phi * measure.average((s) => metric(s) * s * q(s) ** 2);
  const energy =
    a * b.form((s) => metric(s) * (s * q(s)) ** 2) + variance * (noise + a * b.form((s) => (s > 0 ? s * (kappa / (s + kappa)) ** 2 : 0)));
  return squaredCosine(overlap ** 2, b.form(metric), energy);
}

/**
 * Alignment of the KFAC step whose statistics come from a batch of their own: `(Ŝ₂ + λI)^{-1} X₁ᵀy₁/n₁`, Ŝ₂ from n₂ other samples,
 * d/n₂ → φ₂. With κ, κ' at φ₂, Q = (S+κ)^{-1}, ρ = κ'φ₂ tr(MSQ²)/d and λ²(Ŝ₂+λ)^{-1}M(Ŝ₂+λ)^{-1} ≃ κ²(QMQ + ρ QSQ):
 * `cos² = a1²(bᵀMSQb)² / (bᵀMb [a1²(bᵀMS²Q²b + ρ bᵀS³Q²b) + (a1²τ²+v) φ tr(SQ²(M + ρS))/d])`.
 * @param lambda damping λ ≥ 0; Infinity: the SGD step
 * @param phiStatistics φ₂ = d/n₂; `phi` of the problem is d/n₁
 * @throws RangeError as {@link kfacAlignment}; also at λ = 0 with φ₂·rank ≥ 1, where the inverse does not exist
 */
export function kfacSeparateAlignment(problem: AlignmentProblem, lambda: number, phiStatistics: number): number {
  const { measure, unit, b, metric, phi, slope, noise, signal } = prepare(problem);
  if (!(phiStatistics > 0 && Number.isFinite(phiStatistics))) {
    throw new RangeError(`kfacSeparateAlignment: phiStatistics = d/n₂ must be positive and finite, got ${phiStatistics}`);
  }
  const damping = inUnits(lambda, unit);
  if (damping === Number.POSITIVE_INFINITY) return sgdAlignment(problem);
  if (lambda === 0 && phiStatistics * measure.rank >= 1) {
    throw new RangeError("kfacSeparateAlignment: undamped statistics of fewer samples than dimensions have no inverse");
  }
  const { kappa, slope: inflation } = equivalent(measure, phiStatistics, damping);
  const q = resolvent(measure, kappa);
  const rho = inflation * phiStatistics * measure.average((s) => (s > 0 ? (metric(s) * (s / (s + kappa))) / (s + kappa) : 0));
  const m = (s: number) => metric(s) + rho * s;
  const overlap = slope * b.form((s) => metric(s) * s * q(s));
  const energy =
    slope * slope * b.form((s) => m(s) * (s * q(s)) ** 2) + (signal + noise) * phi * measure.average((s) => m(s) * s * q(s) ** 2);
  return squaredCosine(overlap ** 2, b.form(metric), energy);
}

/**
 * Damping λ* that maximises {@link kfacAlignment}.
 *
 * Isotropic b: `λ* = φ v/(a1²|b|²)` in either metric (ridge regression is then the posterior mean), and
 * `cos² = tr MS(S+κ*)^{-1} / tr M`, never below {@link sgdAlignment}. For a given direction there is no closed form: λ* is searched on
 * a logarithmic grid from 1e-9 to 1e9 times the mean eigenvalue and refined by golden section to 1e-6; 0 or Infinity (the SGD
 * step) is returned when the best value is at that end.
 * @throws RangeError when the slope is 0 (no damping helps), or on arguments out of range
 */
export function optimalDamping(problem: AlignmentProblem): number {
  const { measure, unit, slope, phi, noise } = prepare(problem);
  if (slope === 0) throw new RangeError("optimalDamping: the link function has no linear part, every alignment is 0");
  if (!problem.direction) return ((phi * noise) / slope ** 2) * unit;
  const value = (log: number) => kfacAlignment(problem, measure.mean * Math.exp(log) * unit);
  const reach = Math.log(1e9);
  const steps = 144;
  const at = (i: number) => -reach + (2 * reach * i) / steps;
  let best = 0;
  for (let i = 1; i <= steps; i++) if (value(at(i)) > value(at(best))) best = i;
  if (best === 0) return 0;
  if (best === steps) return Number.POSITIVE_INFINITY;
  let low = at(best - 1);
  let high = at(best + 1);
  const golden = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-6) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (value(left) < value(right)) low = left;
    else high = right;
  }
  return measure.mean * Math.exp((low + high) / 2) * unit;
}

/** A single-index problem by its link instead of its moments. */
export interface LinkProblem extends Omit<AlignmentProblem, "slope" | "noiseVariance"> {
  /** The link function σ*. */
  readonly link: (u: number) => number;
  /** Where σ* has kinks or jumps; only for speed. */
  readonly kinks?: readonly number[];
  /** Standard deviation s_ε of the label noise. */
  readonly noise: number;
  /** Whether labels are centred, which removes a0² from v (default false). */
  readonly centred?: boolean;
}

/**
 * The {@link AlignmentProblem} of a link function: its coefficients at τ² = bᵀSb and `v = a0² + c² + s_ε²`.
 * @throws RangeError when the noise is negative, or as {@link indexCoefficients}
 */
export function alignmentProblem({ link, kinks, noise, centred = false, ...problem }: LinkProblem): AlignmentProblem {
  if (!(noise >= 0 && Number.isFinite(noise))) throw new RangeError(`alignmentProblem: noise must be finite and ≥ 0, got ${noise}`);
  const spectrum = SpectralMeasure.from(problem.spectrum);
  const b = new Direction(spectrum, problem.direction);
  const variance = b.squaredNorm * b.form((s) => s);
  const { mean, slope, residual } = indexCoefficients(link, Math.sqrt(variance), { kinks });
  return { ...problem, spectrum, slope, noiseVariance: (centred ? 0 : mean * mean) + residual + noise * noise };
}

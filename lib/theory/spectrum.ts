import { gaussLegendre } from "./quadrature.js";

/** Eigenvalues of a covariance, with equal weights or with the given ones (any positive scale). */
export type Spectrum = ArrayLike<number> | SpectralMeasure;

/**
 * Spectral distribution of a covariance S: eigenvalues s_i ≥ 0 with weights w_i summing to one, so that
 * `average(f) = tr f(S)/d`.
 */
export class SpectralMeasure {
  readonly values: Float64Array;
  readonly weights: Float64Array;

  /**
   * @param values eigenvalues, finite and ≥ 0, not all zero
   * @param weights ≥ 0, any scale; default equal
   * @throws RangeError otherwise
   */
  constructor(values: ArrayLike<number>, weights?: ArrayLike<number>) {
    if (typeof values !== "object" || values === null) {
      throw new TypeError(`SpectralMeasure: eigenvalues must be an array of numbers, got ${values}`);
    }
    if (!values.length) throw new RangeError("SpectralMeasure: no eigenvalues");
    if (weights && weights.length !== values.length) {
      throw new RangeError(`SpectralMeasure: ${values.length} eigenvalues but ${weights.length} weights`);
    }
    this.values = Float64Array.from(values);
    this.weights = Float64Array.from(this.values, (_, i) => weights?.[i] ?? 1);
    this.values.forEach((s, i) => {
      if (!(s >= 0 && Number.isFinite(s))) throw new RangeError(`SpectralMeasure: eigenvalue ${i} must be finite and ≥ 0, got ${s}`);
      const w = this.weights[i];
      if (!(w >= 0 && Number.isFinite(w))) throw new RangeError(`SpectralMeasure: weight ${i} must be finite and ≥ 0, got ${w}`);
    });
    const total = this.weights.reduce((a, b) => a + b, 0);
    if (!(total > 0 && Number.isFinite(total)))
      throw new RangeError(`SpectralMeasure: weights must have a positive, finite sum, got ${total}`);
    for (let i = 0; i < this.weights.length; i++) this.weights[i] /= total;
    if (!(this.average((s) => s) > 0)) throw new RangeError("SpectralMeasure: all eigenvalues (of positive weight) are zero");
  }

  static from(spectrum: Spectrum): SpectralMeasure {
    return spectrum instanceof SpectralMeasure ? spectrum : new SpectralMeasure(spectrum);
  }

  /** ∫ f dH = tr f(S)/d. Terms of weight zero do not count. */
  average(f: (s: number) => number): number {
    let total = 0;
    for (let i = 0; i < this.values.length; i++) if (this.weights[i] > 0) total += this.weights[i] * f(this.values[i]);
    return total;
  }

  /** Mean eigenvalue tr S/d. */
  get mean(): number {
    return this.average((s) => s);
  }

  /** Share of non-zero eigenvalues, rank(S)/d. */
  get rank(): number {
    return 1 - this.average((s) => (s > 0 ? 0 : 1)); // exactly 1 for a regular S
  }
}

/**
 * The spectrum in units of its largest eigenvalue (rounded to a power of two, so that nothing else is), where squares neither overflow
 * nor all underflow.
 * @internal
 */
export function inOwnUnits(spectrum: Spectrum): { measure: SpectralMeasure; unit: number } {
  const { values, weights } = SpectralMeasure.from(spectrum);
  const largest = values.reduce((most, s, i) => (weights[i] > 0 ? Math.max(most, s) : most), 0);
  const unit = 2 ** Math.floor(Math.log2(largest));
  return {
    measure: new SpectralMeasure(
      values.map((s) => s / unit),
      weights,
    ),
    unit,
  };
}

/**
 * The limit d → ∞ of the log spectrum: log s uniform between −½ log K and +½ log K, then scaled to mean eigenvalue 1. Represented by
 * a Gauss–Legendre rule, so averages of smooth functions are exact to rounding for `points` ≳ 8 + 4 log K.
 * @param cond condition number K ≥ 1
 * @throws RangeError when K < 1 or not finite
 */
export function logUniformMeasure(cond: number, points = 96): SpectralMeasure {
  if (!(cond >= 1 && Number.isFinite(cond))) throw new RangeError(`logUniformMeasure: cond must be finite and ≥ 1, got ${cond}`);
  if (cond === 1) return new SpectralMeasure([1]);
  const { nodes, weights } = gaussLegendre(points);
  const mean = (cond - 1) / Math.log(cond); // of exp(U), U uniform on [0, log K]
  return new SpectralMeasure(
    nodes.map((x) => cond ** x / mean),
    weights,
  );
}

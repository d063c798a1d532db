import { hermite } from "../special/hermite.js";
import { type ExpectationOptions, gaussianExpectation } from "./quadrature.js";

/**
 * Hermite coefficients `c_k = E[f(τZ) h_k(Z)]`, k = 0 … degree, of a scalar function at standard deviation τ, so that
 * f(τz) = Σ c_k h_k(z) in L²(N(0,1)) and E f(τZ)² = Σ c_k². For an activation σ at τ = 1, c_1 = E σ'(Z) is the factor α of the
 * first gradient step.
 * @param degree at most 512
 * @throws RangeError as {@link gaussianExpectation} does
 */
export function hermiteCoefficients(f: (u: number) => number, degree: number, options: ExpectationOptions = {}): Float64Array {
  if (!Number.isInteger(degree) || degree < 0 || degree > 512) {
    throw new RangeError(`hermiteCoefficients: degree must be an integer in [0, 512], got ${degree}`);
  }
  const { std = 1 } = options;
  return Float64Array.from({ length: degree + 1 }, (_, k) => gaussianExpectation((u) => f(u) * hermite(k, u / std), options).value);
}

/** How a link function looks to a linear estimator: `σ*(u) = mean + slope·u + r(u)` with E r = E[u r] = 0. */
export interface IndexCoefficients {
  /** a0 = E σ*(U). */
  readonly mean: number;
  /** a1 = E[U σ*(U)]/τ². */
  readonly slope: number;
  /** c² = E r(U)² = Var σ*(U) − a1²τ². */
  readonly residual: number;
}

/**
 * Decomposition of a link function at U ~ N(0, τ²). The residual is integrated as E r², never as a difference of variances, so
 * it is accurate to rounding even when it is small.
 * @param f the link function σ*
 * @param std τ > 0
 * @throws RangeError as {@link gaussianExpectation} does
 */
export function indexCoefficients(f: (u: number) => number, std: number, options: Omit<ExpectationOptions, "std"> = {}): IndexCoefficients {
  if (!(std > 0 && Number.isFinite(std))) throw new RangeError(`indexCoefficients: std must be positive and finite, got ${std}`);
  const expect = (g: (u: number) => number, scale = 0) => gaussianExpectation(g, { ...options, std, scale }).value;
  const mean = expect(f);
  const slope = expect((u) => u * f(u)) / (std * std);
  const linear = mean ** 2 + (slope * std) ** 2;
  const residual = expect((u) => (f(u) - mean - slope * u) ** 2, linear);
  // Where f is even nothing but rounding errors is left of the slope: then it is none.
  const vanishes = Math.abs(slope) * std <= 16 * Number.EPSILON * Math.sqrt(mean ** 2 + residual);
  return { mean, slope: vanishes ? 0 : slope, residual };
}

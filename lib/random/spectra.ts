/**
 * Families of covariance spectra: d eigenvalues with mean 1 (up to rounding), in ascending order.
 */

function dimension(name: string, d: number): number {
  if (!Number.isInteger(d) || d < 1) throw new RangeError(`${name}: d must be a positive integer, got ${d}`);
  return d;
}

function inRange(name: string, argument: string, x: number, allowed: boolean, wanted: string): void {
  if (!(Number.isFinite(x) && allowed)) throw new RangeError(`${name}: ${argument} must be ${wanted}, got ${x}`);
}

/** Divides by the mean, in place. */
function meanOne(values: Float64Array): Float64Array {
  let sum = 0;
  for (const x of values) sum += x;
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) values[i]! /= mean;
  return values;
}

/** All eigenvalues 1. @throws RangeError when d is no positive integer. */
export function isotropicSpectrum(d: number): Float64Array {
  return new Float64Array(dimension("isotropicSpectrum", d)).fill(1);
}

/** d points logspaced from 1 to the condition number, divided by their mean. @throws RangeError when cond < 1. */
export function logSpectrum(d: number, cond: number): Float64Array {
  dimension("logSpectrum", d);
  inRange("logSpectrum", "cond", cond, cond >= 1, "a finite number ≥ 1");
  return meanOne(Float64Array.from({ length: d }, (_, i) => (d === 1 ? 1 : cond ** (i / (d - 1)))));
}

/**
 * Half the eigenvalues 1 − e, half 1 + e, 0 ≤ e < 1. When d is odd there is one more 1 − e, and all are divided by
 * their mean. @throws RangeError when e is out of range.
 */
export function twoPointSpectrum(d: number, e: number): Float64Array {
  dimension("twoPointSpectrum", d);
  inRange("twoPointSpectrum", "e", e, e >= 0 && e < 1, "in [0, 1)");
  const values = Float64Array.from({ length: d }, (_, i) => (2 * i < d ? 1 - e : 1 + e));
  return d % 2 ? meanOne(values) : values;
}

/** Eigenvalues k^{−α}, k = 1 … d, divided by their mean. @throws RangeError when α < 0. */
export function powerLawSpectrum(d: number, alpha: number): Float64Array {
  dimension("powerLawSpectrum", d);
  inRange("powerLawSpectrum", "alpha", alpha, alpha >= 0, "a finite number ≥ 0");
  return meanOne(Float64Array.from({ length: d }, (_, i) => (d - i) ** -alpha));
}

/**
 * The identity with the given eigenvalues in place of as many ones, divided by the mean.
 * @throws RangeError when there are more than d spikes or one is not positive.
 */
export function spikedSpectrum(d: number, spikes: ArrayLike<number>): Float64Array {
  dimension("spikedSpectrum", d);
  if (spikes.length > d) throw new RangeError(`spikedSpectrum: at most d = ${d} spikes, got ${spikes.length}`);
  const values = new Float64Array(d).fill(1);
  for (let i = 0; i < spikes.length; i++) {
    inRange("spikedSpectrum", `spikes[${i}]`, spikes[i]!, spikes[i]! > 0, "a finite number > 0");
    values[i] = spikes[i]!;
  }
  return meanOne(values.sort());
}

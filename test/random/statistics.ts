/**
 * What the statistical tests need. Seeds are fixed, so a test passes or fails for good; its threshold is what a right
 * generator exceeds with probability below about 1e-5, and `it("rejects …")` shows what it would catch.
 */

/** Regularised lower incomplete gamma function P(a, x), by its series or its continued fraction (Lentz). */
export function gammaP(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = a + 1; term > 1e-16 * sum; k++) sum += term *= x / k;
    return front * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let k = 1; k < 1000; k++) {
    const an = -k * (k - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * h;
}

/** ln Γ(x), x > 0: Stirling's series after shifting x above 10. */
function logGamma(x: number): number {
  let shift = 0;
  while (x < 10) shift -= Math.log(x++);
  const r = 1 / (x * x);
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / x;
}

/** Standard normal distribution function. */
export function normalCdf(x: number): number {
  const half = 0.5 * gammaP(0.5, (x * x) / 2);
  return x < 0 ? 0.5 - half : 0.5 + half;
}

/** √n·sup|F_n − F|, the Kolmogorov–Smirnov statistic; above 2.5 with probability 7e-6. */
export function kolmogorovSmirnov(samples: Float64Array | Float32Array, cdf: (x: number) => number): number {
  const sorted = samples.slice().sort();
  const n = sorted.length;
  let sup = 0;
  for (let i = 0; i < n; i++) {
    const f = cdf(sorted[i]!);
    sup = Math.max(sup, f - i / n, (i + 1) / n - f);
  }
  return sup * Math.sqrt(n);
}

/** (χ² − (m − 1))/√(2(m − 1)) of counts in m equally likely bins. */
export function chiSquareScore(counts: ArrayLike<number>): number {
  const m = counts.length;
  let n = 0;
  for (let i = 0; i < m; i++) n += counts[i]!;
  let chi = 0;
  for (let i = 0; i < m; i++) chi += (counts[i]! - n / m) ** 2 / (n / m);
  return (chi - (m - 1)) / Math.sqrt(2 * (m - 1));
}

/** Mean of f over the sample, in standard deviations from `expected`; `variance` is that of one f(x). */
export function meanScore(samples: ArrayLike<number>, f: (x: number) => number, expected: number, variance: number): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += f(samples[i]!);
  return (sum / samples.length - expected) / Math.sqrt(variance / samples.length);
}

/** Largest |autocorrelation|·√n over lags 1 … maxLag, of values with mean 0 and variance 1. */
export function worstAutocorrelation(x: ArrayLike<number>, maxLag: number): number {
  let worst = 0;
  for (let lag = 1; lag <= maxLag; lag++) {
    let sum = 0;
    for (let i = lag; i < x.length; i++) sum += x[i]! * x[i - lag]!;
    worst = Math.max(worst, Math.abs(sum) / Math.sqrt(x.length - lag));
  }
  return worst;
}

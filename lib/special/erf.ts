/**
 * erfc(x)·exp(x²) for x ≥ 2 by its continued fraction (Abramowitz & Stegun 7.1.14), for smaller x from the series of erf (7.1.6).
 */
function scaledErfc(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
      term *= (2 * x * x) / (2 * k + 1);
      sum += term;
    }
    return Math.exp(x * x) - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

// erfc(x) = t·exp(−x² + P(t)), t = 2/(2+x), x ≥ 0, with P smooth on (0, 1]: its Chebyshev interpolant reaches 1e-15.
const degree = 28;
const coefficients = (() => {
  const values = Array.from({ length: degree }, (_, k) => {
    const t = 0.5 * (1 + Math.cos((Math.PI * (k + 0.5)) / degree));
    return Math.log(scaledErfc(2 / t - 2) / t);
  });
  return Array.from(
    { length: degree },
    (_, j) => (2 / degree) * values.reduce((sum, v, k) => sum + v * Math.cos((Math.PI * j * (k + 0.5)) / degree), 0),
  );
})();

/** Complementary error function, relative error below 1e-13. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  const z = Math.abs(x);
  const t = 2 / (2 + z);
  const u = 4 * t - 2;
  let d = 0;
  let dd = 0;
  for (let j = degree - 1; j > 0; j--) [d, dd] = [u * d - dd + coefficients[j]!, d];
  const tail = t * Math.exp(-z * z + 0.5 * (coefficients[0]! + u * d) - dd);
  return x >= 0 ? tail : 2 - tail;
}

/** Error function erf(x) = 2/√π ∫₀ˣ exp(−s²) ds. */
export function erf(x: number): number {
  return Math.abs(x) < 0.5 ? series(x) : x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}

/** Keeps full relative accuracy near zero, where 1 − erfc cancels. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 20; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

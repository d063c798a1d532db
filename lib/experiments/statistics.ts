/** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const table = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098,
  2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/** The same for any number of degrees of freedom; beyond the table by the expansion in 1/ν (Abramowitz & Stegun 26.7.5). */
function t95(freedom: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return table[freedom - 1] ?? z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The q-quantile by linear interpolation of the order statistics. NaN when there are no values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  // Equal neighbours first: interpolating between two infinities would give NaN.
  return low === high ? low : low + (at - Math.floor(at)) * (high - low);
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

/** Mean with a two-sided 95 % confidence interval by Student's t. One value alone has an unbounded interval. */
export function meanInterval(values: readonly number[]): { mean: number; low: number; high: number } {
  const n = values.length;
  const centre = mean(values);
  if (n < 2) return { mean: centre, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  const half = t95(n - 1) * Math.sqrt(variance / n);
  return { mean: centre, low: centre - half, high: centre + half };
}

/** {@link meanInterval} of a mean that comes with its standard error, from `draws` of them (a jackknife over draws). */
export function errorInterval(centre: number, standardError: number, draws: number): { mean: number; low: number; high: number } {
  const half = t95(draws - 1) * standardError;
  return { mean: centre, low: centre - half, high: centre + half };
}

/** {@link meanInterval} of log(a/b), paired: a_i and b_i are of the same seed or draw. */
export function logRatioInterval(a: readonly number[], b: readonly number[]) {
  return meanInterval(a.map((value, i) => Math.log(value / b[i]!)));
}

/** P(X ≤ k), X ~ Binomial(n, p), 0 < p < 1. */
function binomialBelow(k: number, n: number, p: number): number {
  let log = n * Math.log1p(-p);
  let total = 0;
  for (let i = 0; i <= k; i++) {
    total += Math.exp(log);
    log += Math.log(((n - i) / (i + 1)) * (p / (1 - p)));
  }
  return total;
}

/** Exact (Clopper–Pearson) two-sided 95 % confidence interval of a probability, from k successes in n trials. */
export function binomialInterval(k: number, n: number): { low: number; high: number } {
  const solve = (above: (p: number) => boolean) => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (above(middle)) high = middle;
      else low = middle;
    }
    return (low + high) / 2;
  };
  return {
    low: k === 0 ? 0 : solve((p) => 1 - binomialBelow(k - 1, n, p) > 0.025),
    high: k === n ? 1 : solve((p) => binomialBelow(k, n, p) < 0.025),
  };
}

/** Ranks 1…n, ties sharing their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const out = new Array<number>(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]!] === values[order[i]!]) j++;
    for (let k = i; k <= j; k++) out[order[k]!] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return out;
}

/** Spearman's rank correlation. */
export function rankCorrelation(x: readonly number[], y: readonly number[]): number {
  const rx = ranks(x);
  const ry = ranks(y);
  const mx = mean(rx);
  const my = mean(ry);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (rx[i]! - mx) * (ry[i]! - my);
    xx += (rx[i]! - mx) ** 2;
    yy += (ry[i]! - my) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

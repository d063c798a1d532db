import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binomialInterval,
  errorInterval,
  logRatioInterval,
  mean,
  meanInterval,
  median,
  quantile,
  rankCorrelation,
} from "../../lib/experiments/statistics.js";
import { Stream } from "../../lib/random/index.js";

describe("quantile", () => {
  it("interpolates the order statistics as numpy does", () => {
    // numpy.quantile([3, 1, 4, 1, 5], [0, .1, .5, .9, 1])
    expect([0, 0.1, 0.5, 0.9, 1].map((q) => quantile([3, 1, 4, 1, 5], q))).toEqual([1, 1, 3, 4.6, 5]);
    expect(median([4, 1])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it("treats runs that never arrive as infinite, not as undefined", () => {
    expect(median([7, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
    expect(median([7, 8, Number.POSITIVE_INFINITY])).toBe(8);
  });
});

describe("meanInterval", () => {
  it("is Student's interval", () => {
    // scipy.stats.t.interval(0.95, 3, loc=2.5, scale=sem([1, 2, 3, 4]))
    const { low, high } = meanInterval([1, 2, 3, 4]);
    expect(low).toBeCloseTo(0.4457397432, 4);
    expect(high).toBeCloseTo(4.5542602568, 4);
    expect(meanInterval([1])).toEqual({ mean: 1, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
  });

  it("is Student's interval beyond the table", () => {
    // scipy.stats.t.ppf(0.975, [31, 47, 99]) = 2.0395134, 2.0117405, 1.9842169
    for (const [freedom, quantile] of [
      [31, 2.0395134],
      [47, 2.0117405],
      [99, 1.9842169],
    ] as const) {
      expect(errorInterval(0, 1, freedom + 1).high).toBeCloseTo(quantile, 4);
    }
    const values = Array.from({ length: 48 }, (_, i) => i % 2);
    expect(meanInterval(values).high - 0.5).toBeCloseTo(2.0117405 * Math.sqrt(0.25 / 47), 5);
  });

  it("of a log ratio is paired", () => {
    const scatter = [1, 5, 2, 9];
    const { mean, low, high } = logRatioInterval(
      scatter.map((value) => 2 * value),
      scatter,
    );
    for (const value of [mean, low, high]) expect(value).toBeCloseTo(Math.LN2, 12);
  });

  it("covers the mean of normal samples 95 % of the time", () => {
    const normals = new Stream(17, "coverage").normals(4000 * 5);
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const { low, high } = meanInterval(Array.from(normals.subarray(5 * i, 5 * i + 5)));
      if (low <= 0 && high >= 0) covered++;
    }
    // Binomial(4000, 0.95): standard deviation 0.0034; five of them.
    expect(Math.abs(covered / 4000 - 0.95)).toBeLessThan(0.0172);
  });
});

describe("rankCorrelation", () => {
  it("is ±1 for monotone relations and shares ranks among ties", () => {
    expect(rankCorrelation([1, 2, 3, 10], [1, 4, 9, 100])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3, 10], [5, 4, 3, -2])).toBeCloseTo(-1, 12);
    // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]).statistic
    expect(rankCorrelation([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 12);
  });

  it("is unchanged by increasing maps", () => {
    const values = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(values, (x) => {
        const y = x.map((value, i) => (value * 7919 + i * 104729) % 101);
        expect(rankCorrelation(x.map(Math.exp), y)).toBeCloseTo(rankCorrelation(x, y), 12);
        expect(mean(x)).toBeGreaterThanOrEqual(Math.min(...x));
      }),
    );
  });
});

describe("binomialInterval", () => {
  it("is Clopper and Pearson's", () => {
    // R: binom.test(16, 64), binom.test(0, 10), binom.test(10, 10)
    const { low, high } = binomialInterval(16, 64);
    expect(low).toBeCloseTo(0.1502, 3);
    expect(high).toBeCloseTo(0.374, 3);
    // Closed forms at the ends: 1 − 0.025^(1/n).
    const end = 1 - 0.025 ** (1 / 10);
    expect(binomialInterval(0, 10).low).toBe(0);
    expect(binomialInterval(0, 10).high).toBeCloseTo(end, 12);
    expect(binomialInterval(10, 10).low).toBeCloseTo(1 - end, 12);
    expect(binomialInterval(10, 10).high).toBe(1);
  });

  it("is mirrored when successes and failures change places", () => {
    for (const k of [1, 7, 23]) {
      const [a, b] = [binomialInterval(k, 40), binomialInterval(40 - k, 40)];
      expect(a.low).toBeCloseTo(1 - b.high, 10);
      expect(a.high).toBeCloseTo(1 - b.low, 10);
    }
  });
});
